/* SPDX-License-Identifier: Apache-2.0 */
/* Small things about descriptors: whole writes and reads, flags, who the peer is, and one descriptor sent
 * over a unix socket together with a short message (how the monitor hands out sockets). */
#ifndef BASE_SOCK_H
#define BASE_SOCK_H

#include <stddef.h>
#include <sys/types.h>
#include "base/bytes.h"

#define LW_SOCK_MSG_MAX 1024 /* octets of a message sent with lw_sock_send */

/* One datagram's worth of message and at most one descriptor (fd < 0: none), on a SOCK_SEQPACKET or
 * SOCK_DGRAM socket. The caller keeps its fd. LW_EAGAIN: would block; LW_EUNAVAIL: the peer is gone;
 * LW_ELIMIT; LW_EIO. */
int lw_sock_send(int sock, struct lw_bytes msg, int fd);
/* Receives one; the message goes to buf (at least one octet), its length to *ret_n. *ret_fd is the caller's
 * (close-on-exec set) or -1. More than one descriptor or a cut message: LW_EINVAL, and nothing is left open.
 * LW_EAGAIN: none yet; LW_EUNAVAIL: end of file. */
int lw_sock_recv(int sock, void *buf, size_t max, size_t *ret_n, int *ret_fd);

/* A connected pair, close-on-exec: SOCK_STREAM or SOCK_SEQPACKET. */
int lw_sock_pair(int type, int ret_fds[2]);
/* Credentials of the process at the other end of a unix socket, as of connect or socketpair. */
int lw_sock_peer(int sock, uid_t *ret_uid, gid_t *ret_gid, pid_t *ret_pid);

/* All n octets or an error, through EINTR; a nonblocking fd is polled. Never raises SIGPIPE on a socket.
 * LW_EUNAVAIL: the peer is gone (read: end of file before n octets). */
int lw_write_full(int fd, const void *, size_t n);
int lw_read_full(int fd, void *, size_t n);

int lw_fd_nonblock(int fd, int on);
int lw_fd_cloexec(int fd, int on);

#endif
