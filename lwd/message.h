/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor and a role say to each other over their SOCK_SEQPACKET pair (descriptor 3 of the role). */
#ifndef LWD_MESSAGE_H
#define LWD_MESSAGE_H

#include "base/bytes.h"

#define LWD_MONITOR_FD 3

enum lwd_msg_type {
	/* to a role: SETUP, CONF pieces, LISTENs and PEERs in any number, START; afterwards the others at any time */
	LWD_MSG_SETUP = 1, /* a: owner of the data directory; text: its path */
	LWD_MSG_BOOT,      /* text: the boot id; keyd only */
	LWD_MSG_CONF,      /* text: the next piece of lwd.conf */
	LWD_MSG_LISTEN,    /* a: service row, b: loop; with a descriptor */
	LWD_MSG_PEER,      /* a: role, b: enum lwd_peer; with a descriptor */
	LWD_MSG_START,
	LWD_MSG_RELOAD,    /* after the CONF pieces of the new one */
	LWD_MSG_PING,      /* a: number */
	LWD_MSG_DRAIN,     /* finish and exit 0 */
	/* from a role */
	LWD_MSG_READY,
	LWD_MSG_PONG,      /* a: number */
	LWD_MSG_FAILED,    /* a: exit status; text: one line */
	/* to a role, before START */
	LWD_MSG_REGION,    /* a: region row; with a descriptor */
	LWD_MSG_COUNT
};

#define LWD_MSG_TEXT_MAX 900

struct lwd_msg {
	enum lwd_msg_type type;
	uint32_t a, b;
	struct lw_bytes text; /* after lwd_msg_recv: in its buffer */
};

int lwd_msg_send(int sock, const struct lwd_msg *, int fd); /* as lw_sock_send */
int lwd_msg_recv(int sock, uint8_t buf[1024], struct lwd_msg *ret, int *ret_fd); /* as lw_sock_recv */
int lwd_msg_parse(struct lw_bytes, struct lwd_msg *ret); /* LW_EINVAL */
int lwd_msg_send_conf(int sock, struct lw_bytes text);

#endif
