/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that names the version. */
#ifndef MULLION_VERSION_H
#define MULLION_VERSION_H

#define MULLION_VERSION "0.1"

#endif
