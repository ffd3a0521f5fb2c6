# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libstore.a
libstore_a_SOURCES =

include store/schema.mk
include store/engine.mk
include store/access.mk
include store/ops.mk
