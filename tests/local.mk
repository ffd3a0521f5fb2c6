# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
include tests/unit/base.mk
endif
include tests/fuzz/base.mk
include tests/unit/keys.mk
include tests/fuzz/keys.mk
include tests/unit/lwd.mk
include tests/unit/schema.mk
include tests/fuzz/schema.mk
include tests/unit/ldap.mk
include tests/fuzz/ldap.mk
include tests/unit/access.mk
include tests/fuzz/access.mk
