/* SPDX-License-Identifier: Apache-2.0 */
/* Every error that crosses a function boundary in lwd: 0 or one of these, returned as int.
 * One file per protocol maps them to wire codes; the text goes to the log, never to a peer. Numbers stand in the audit: new ones at the end. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define LW_ERRORS(X)                                                                                        \
	X(ENOMEM, "out of memory")                                                                          \
	X(EINTERNAL, "internal error")                                                                      \
	X(EIO, "input/output error")                                                                        \
	X(EFULL, "no space left in the store or on its disk")                                               \
	X(EBUSY, "too much work queued")                                                                    \
	X(EUNAVAIL, "a needed role is not available")                                                       \
	X(ETIMEOUT, "time limit exceeded")                                                                  \
	X(EAGAIN, "precondition is stale, prepare again")                                                   \
	X(EQUANTUM, "the quantum is used up, continue later")                                               \
	X(EINVAL, "malformed")                                                                              \
	X(ELIMIT, "too long, too deep or too many")                                                         \
	X(EVERSION, "unknown format version")                                                               \
	X(ENOTFOUND, "not there, or not visible")                                                           \
	X(EEXIST, "exists already")                                                                         \
	X(EACCES, "refused by the access policy")                                                           \
	X(EAUTH, "invalid credentials")                                                                     \
	X(ELOCKED, "too many failed guesses")                                                               \
	X(EDISABLED, "the principal or tenant is disabled")                                                 \
	X(EEXPIRED, "expired")                                                                              \
	X(EREVOKED, "the session's credential changed or was revoked")                                      \
	X(ECONFIDENTIAL, "confidentiality required")                                                        \
	X(EPWPOLICY, "the password does not meet the policy")                                               \
	X(EUNWILLING, "not willing to perform")                                                             \
	X(EUNSUPPORTED, "not supported")                                                                    \
	X(EUNAVAILCRIT, "unsupported critical extension")                                                   \
	X(ESIZELIMIT, "size limit exceeded")                                                                \
	X(EADMINLIMIT, "administrative limit exceeded")                                                     \
	X(EDNSYNTAX, "invalid DN syntax")                                                                   \
	X(EUNDEFATTR, "undefined attribute type")                                                           \
	X(EMATCHING, "inappropriate matching")                                                              \
	X(ESYNTAX, "invalid attribute syntax")                                                              \
	X(ECONSTRAINT, "constraint violation")                                                              \
	X(EOBJCLASS, "object class violation")                                                              \
	X(EOBJCLASSMODS, "object class modification prohibited")                                            \
	X(ENAMING, "naming violation")                                                                      \
	X(ENOTLEAF, "not allowed on a non-leaf")                                                            \
	X(ENOTONRDN, "not allowed on the RDN")                                                              \
	X(EVALEXISTS, "attribute or value exists")                                                          \
	X(ENOATTR, "no such attribute")

enum lw_err {
	LW_OK = 0,
#define X(name, text) LW_##name,
	LW_ERRORS(X)
#undef X
	LW_ERR_COUNT
};

/* The text or the name ("ENOMEM") of an error; a constant string, also for unknown numbers. */
const char *lw_strerror(int err);
const char *lw_errname(int err);

#endif
