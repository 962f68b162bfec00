/* SPDX-License-Identifier: Apache-2.0 */
/* Device trees for tests: compile and check them with dtc, read files. */
#ifndef TESTS_SUPPORT_DTB_H
#define TESTS_SUPPORT_DTB_H

#include <stddef.h>

/** dtb_compile() - the blob of @dts (text), by dtc; the test fails if dtc does. free() it. */
void *dtb_compile(const char *dts, size_t *size);
/** dtb_complaints() - what dtc says when it decompiles @blob with its default checks: "" when all
 * is well. free() it. */
char *dtb_complaints(const void *blob, size_t size);
/** file_read() - a whole file; NULL when it cannot be read. free() it. */
void *file_read(const char *path, size_t *size);

#endif
