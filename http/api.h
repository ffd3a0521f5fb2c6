/* SPDX-License-Identifier: Apache-2.0 */
/* The admin API's JSON and the control messages (base/api.h, base/ctl.h), both ways: web turns a body into a request and items into objects,
 * lwctl a request into a body and objects into items. Text is UTF-8; octets that are not are written as hexadecimal. */
#ifndef HTTP_API_H
#define HTTP_API_H

#include <jansson.h>

#include "base/api.h"
#include "base/arena.h"
#include "base/ctl.h"

/* Adds the members of body (an object; NULL: there is none) to the request's arguments. LW_EINVAL with why: a member that is not known, is
 * missing, or of another type; LW_ELIMIT; LW_ENOMEM. What the arguments point to is the body's, or lies in the arena. */
int http_api_take(const struct api_row *, json_t *body, struct lw_arena *, struct ctl_request *inout, char why[256]);
/* One more argument. LW_ELIMIT, LW_ENOMEM. */
int http_api_add(struct lw_arena *, struct ctl_request *inout, struct lw_bytes key, struct lw_bytes value);
/* An item as an object; NULL: no memory. */
json_t *http_api_object(const struct api_row *, const struct ctl_answer *item);

/* The body that http_api_take understands; *ret NULL: none. Arguments of the path are left out. LW_ENOMEM; LW_EINVAL: no UTF-8. */
int http_api_body(const struct api_row *, const struct ctl_request *, json_t **ret);
/* An object as an item, which lives as long as the object and the arena. LW_EINVAL: it is none that http_api_object makes. */
int http_api_item(const struct api_row *, json_t *object, struct lw_arena *, struct ctl_answer *ret);

#endif
