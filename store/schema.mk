# SPDX-License-Identifier: Apache-2.0
libstore_a_SOURCES += store/schema.h store/dn.h store/filter.h
