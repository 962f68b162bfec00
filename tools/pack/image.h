/* SPDX-License-Identifier: Apache-2.0 */
/* mullion.img: core and bundle in one file that is an arm64 Image and a PE program. */
#ifndef PACK_IMAGE_H
#define PACK_IMAGE_H

#include "tools/common/file.h"

/** image_compose() - append @bundle to the core in @image and adapt all headers. @path: of the
 * core, for messages. Returns false after a complaint if it is no core. */
bool image_compose(struct buffer *image, const struct buffer *bundle, const char *path);

#endif
