/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's second-stage address space: GPA -> HPA, with the largest blocks that alignment allows.
 */
#ifndef MULLION_STAGE2_H
#define MULLION_STAGE2_H

#include <mullion/err.h>
#include <mullion/types.h>

#define STAGE2_READ   BIT(0)
#define STAGE2_WRITE  BIT(1)
#define STAGE2_EXEC   BIT(2)
#define STAGE2_DEVICE BIT(3)

struct stage2 {
	void *root; /* first-level table (concatenated), core address */
	hpa_t root_pa;
	u16 vmid;
	u8 ipa_bits;
	u8 start_level;
	u32 table_pages; /* taken for tables, root included */
};

enum err __must_check stage2_init(struct stage2 *s2, u16 vmid);
/** stage2_map() - map page-aligned @size bytes of host memory @from at @to.
 * Return: ERR_OVERLAP if any page is mapped (nothing is changed then), ERR_NO_MEMORY when tables
 * ran out (what was mapped is unmapped again), ERR_RANGE outside the IPA space. */
enum err __must_check stage2_map(struct stage2 *s2, gpa_t to, hpa_t from, u64 size, u32 flags);
/** stage2_unmap() - removes and flushes (TLBI, DSB) before it returns; what is not mapped is
 * skipped. Splits blocks. */
enum err __must_check stage2_unmap(struct stage2 *s2, gpa_t from, u64 size);
/** stage2_lookup() - ERR_FAULT when nothing is mapped there. @flags may be NULL. */
enum err __must_check stage2_lookup(const struct stage2 *s2, gpa_t gpa, hpa_t *hpa, u32 *flags);
void stage2_destroy(struct stage2 *s2);

#endif
