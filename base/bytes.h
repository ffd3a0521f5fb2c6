/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed octets, and sticky reader and writer over them: make the calls, check the error once.
 * Integers are big-endian. A "counted" item is a u32 length and that many octets. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lw_bytes {
	const uint8_t *p;
	size_t n;
};

#define LW_LIT(s) ((struct lw_bytes){ (const uint8_t *)(s), sizeof(s) - 1 }) /* a string literal */
struct lw_bytes lw_str(const char *s);                                       /* a C string; NULL is empty */
bool lw_eq(struct lw_bytes, struct lw_bytes);
int lw_cmp(struct lw_bytes, struct lw_bytes);        /* memcmp order, shorter first */
bool lw_eq_nocase(struct lw_bytes, struct lw_bytes); /* ASCII case only */
bool lw_eq_secret(struct lw_bytes, struct lw_bytes); /* constant time for equal lengths */
void lw_wipe(void *, size_t);                        /* not optimised away */

/* Reader: after the first error every get returns 0 or empty and err says why (LW_EINVAL). */
struct lw_reader {
	const uint8_t *p, *end;
	int err;
};
void lw_reader_init(struct lw_reader *, struct lw_bytes);
uint8_t lw_get_u8(struct lw_reader *);
uint16_t lw_get_u16(struct lw_reader *);
uint32_t lw_get_u32(struct lw_reader *);
uint64_t lw_get_u64(struct lw_reader *);
struct lw_bytes lw_get_raw(struct lw_reader *, size_t n);
struct lw_bytes lw_get_counted(struct lw_reader *, size_t max); /* longer than max: LW_ELIMIT */
size_t lw_reader_left(const struct lw_reader *);
int lw_reader_end(struct lw_reader *); /* the error; LW_EINVAL when octets are left over */

/* Writer: grows up to max octets, then err is LW_ELIMIT (or LW_ENOMEM) and further puts do nothing.
 * The buffer belongs to the writer until lw_writer_take or lw_writer_done. */
struct lw_writer {
	uint8_t *p;
	size_t n, cap, max;
	int err;
	bool wipe; /* zero the buffer when it moves or is freed */
};
void lw_writer_init(struct lw_writer *, size_t max);
void lw_writer_done(struct lw_writer *);
void lw_writer_reset(struct lw_writer *); /* n = 0, err = 0, buffer kept */
void lw_put_u8(struct lw_writer *, uint8_t);
void lw_put_u16(struct lw_writer *, uint16_t);
void lw_put_u32(struct lw_writer *, uint32_t);
void lw_put_u64(struct lw_writer *, uint64_t);
void lw_put_raw(struct lw_writer *, const void *, size_t);
void lw_put_bytes(struct lw_writer *, struct lw_bytes);   /* as they are */
void lw_put_counted(struct lw_writer *, struct lw_bytes); /* u32 length first */
void lw_put_str(struct lw_writer *, const char *);        /* counted, without the NUL */
uint8_t *lw_put_space(struct lw_writer *, size_t n);      /* room to fill in; NULL after an error */
struct lw_bytes lw_written(const struct lw_writer *);
uint8_t *lw_writer_take(struct lw_writer *, size_t *ret_n); /* caller frees with free() */

#endif
