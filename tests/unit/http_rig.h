/* SPDX-License-Identifier: Apache-2.0 */
/* Routes to try the HTTP machine with. */
#ifndef TESTS_UNIT_HTTP_RIG_H
#define TESTS_UNIT_HTTP_RIG_H

#include "http/http.h"

extern const struct http_route rig_routes[];
extern const size_t rig_nroutes;
extern const struct http_server_options rig_options; /* with the system's clock */
void rig_hold(void);    /* a handler waits for rig_release; returns when it does */
void rig_release(void);
extern _Atomic int rig_ran;                          /* handlers that ran */

#endif
