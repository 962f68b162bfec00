/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the region of a guest-physical address. Exits need it, so its cost must not grow with the
 * number of regions. */
#include <mullion/guest.h>

const struct region *region_find(const struct guest *guest, gpa_t gpa)
{
	u32 low = 0, high = guest->num_regions;

	while (low < high) {
		u32 middle = low + (high - low) / 2;
		const struct region *region = &guest->regions[middle];

		if (gpa.v < region->gpa.v)
			high = middle;
		else if (gpa.v - region->gpa.v >= region->size)
			low = middle + 1;
		else
			return region;
	}
	return NULL;
}
