/* SPDX-License-Identifier: Apache-2.0 */
/* Octets written by hand in tests: hex pairs, 'text', and ( … ) for the length of what is inside and then
 * that. "30( 020101 42() )" is an unbind with message id 1. %b takes the next struct lw_bytes of the
 * arguments. */
#ifndef TESTS_UNIT_LDAP_ASM_H
#define TESTS_UNIT_LDAP_ASM_H

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "base/bytes.h"

#define ASM_MAX (1u << 17)

static size_t asm_run(const char **s, uint8_t *out, va_list *ap)
{
	size_t n = 0, k;

	for (; **s && **s != ')'; (*s)++) {
		if (**s == '(') {
			uint8_t *inner = malloc(ASM_MAX);

			(*s)++;
			k = asm_run(s, inner, ap);
			if (k > 255) {
				out[n++] = 0x82;
				out[n++] = (uint8_t)(k >> 8);
			} else if (k > 127) {
				out[n++] = 0x81;
			}
			out[n++] = (uint8_t)k;
			memcpy(out + n, inner, k);
			n += k;
			free(inner);
		} else if (**s == '\'') {
			for ((*s)++; **s != '\''; (*s)++)
				out[n++] = (uint8_t) * *s;
		} else if (**s == '%') {
			struct lw_bytes b = va_arg(*ap, struct lw_bytes);

			(*s)++;
			if (b.n)
				memcpy(out + n, b.p, b.n);
			n += b.n;
		} else if (isxdigit((unsigned char)**s)) {
			char hex[3] = { (*s)[0], (*s)[1], 0 };

			out[n++] = (uint8_t)strtoul(hex, NULL, 16);
			(*s)++;
		}
	}
	return n;
}

/* The caller frees p. */
static struct lw_bytes asm_(const char *s, ...)
{
	uint8_t *p = malloc(ASM_MAX);
	va_list ap;
	size_t n;

	va_start(ap, s);
	n = asm_run(&s, p, &ap);
	va_end(ap);
	return (struct lw_bytes){ realloc(p, n ? n : 1), n };
}

#endif
