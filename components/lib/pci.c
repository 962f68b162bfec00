/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration space of a function: see pci.h. */
#include "components/lib/pci.h"

#include <mullion/string.h>

#define COMMAND          0x04u
#define COMMAND_MEMORY   BIT(1)
#define COMMAND_MASTER   BIT(2)
#define COMMAND_NO_LINE  BIT(10)
#define STATUS           0x06u
#define STATUS_CAPS      BIT(4)
#define HEADER           0x0eu
#define HEADER_BRIDGE    1u
#define FIRST_BAR        0x10u
#define CAPS             0x34u
#define CAPS_FIRST       0x40u
#define MESSAGES         0x02u /* control of MSI and MSI-X */
#define MESSAGES_ON_MSI  BIT(0)
#define MESSAGES_ON_MSIX BIT(15)
#define BAR_PORTS        BIT(0)
#define BAR_WIDTH(value) FIELD(value, 2, 1)
#define BAR_WIDTH_64     2u
#define BAR_FLAGS_PORTS  UINT64_C(3)
#define BAR_FLAGS_MEMORY UINT64_C(15)

u32 pci_config_read(u64 function, u32 offset, u32 bytes)
{
	return sys_mmio_get(function + offset, bytes);
}

void pci_config_write(u64 function, u32 offset, u32 bytes, u32 value)
{
	sys_mmio_put(function + offset, bytes, value);
}

struct pci_walk pci_walk(u64 function)
{
	struct pci_walk walk = { function, 0, (PCI_CAPS_END - CAPS_FIRST) / 4 };

	if ((pci_config_read(function, STATUS, 2) & STATUS_CAPS) != 0)
		walk.next = pci_config_read(function, CAPS, 1);
	return walk;
}

u32 pci_next(struct pci_walk *walk, u32 id)
{
	while (walk->left != 0) {
		/* The lower two bits are reserved. */
		u32 at = (u32)ALIGN_DOWN(walk->next, 4), header;

		if (at < CAPS_FIRST)
			break;
		walk->left--;
		header = pci_config_read(walk->function, at, 2);
		walk->next = header >> 8;
		if ((header & 0xff) == id)
			return at;
	}
	walk->left = 0;
	return 0;
}

/* --- BARs ------------------------------------------------------------------------------------- */

static u32 probe(u64 function, u32 offset, u32 old)
{
	u32 bits;

	pci_config_write(function, offset, 4, UINT32_MAX);
	bits = pci_config_read(function, offset, 4);
	pci_config_write(function, offset, 4, old);
	return bits;
}

/* Bits of an address that are fixed read as 0: the size is the lowest of the others. */
static enum err size_bar(u64 function, u32 offset, bool is_last, struct pci_bar *bar)
{
	u32 low = pci_config_read(function, offset, 4), high;
	u64 mask = probe(function, offset, low), flags = BAR_FLAGS_MEMORY;

	if (mask == 0)
		return OK;
	bar->kind = PCI_BAR_MEMORY;
	bar->address = low;
	if ((low & BAR_PORTS) != 0) {
		bar->kind = PCI_BAR_PORTS;
		flags = BAR_FLAGS_PORTS;
		mask |= UINT64_C(0xffff0000); /* a function may have 16 bits alone */
	} else if (BAR_WIDTH(low) == BAR_WIDTH_64) {
		if (is_last)
			return ERR_FORMAT;
		high = pci_config_read(function, offset + 4, 4);
		bar->wide = true;
		bar->address |= (u64)high << 32;
		mask |= (u64)probe(function, offset + 4, high) << 32;
	} else if (BAR_WIDTH(low) != 0) {
		return ERR_FORMAT;
	}
	if (!bar->wide)
		mask |= UINT64_C(0xffffffff00000000);
	mask &= ~flags;
	bar->address &= ~flags;
	bar->bytes = ~mask + 1;
	return bar->bytes != 0 && (bar->bytes & (bar->bytes - 1)) == 0 ? OK : ERR_FORMAT;
}

enum err pci_size_bars(u64 function, struct pci_bar bars[PCI_BARS])
{
	u32 count = (pci_config_read(function, HEADER, 1) & 0x7f) == HEADER_BRIDGE ? 2 : PCI_BARS;
	enum err err = OK;

	memset(bars, 0, PCI_BARS * sizeof(*bars));
	for (u32 i = 0; err == OK && i < count; i += bars[i].wide ? 2 : 1)
		err = size_bar(function, FIRST_BAR + 4 * i, i + 1 == count, &bars[i]);
	return err;
}

/* Behind larger ones, each is at a multiple of its size if the first is. */
static enum err place(u64 function, u32 index, u64 *next, u64 end, struct pci_bar *bar)
{
	if (bar->bytes > end - *next || !IS_ALIGNED(*next, bar->bytes) ||
	    (!bar->wide && *next + bar->bytes > UINT64_C(0x100000000)))
		return ERR_TOO_BIG;
	bar->address = *next;
	*next += bar->bytes;
	pci_config_write(function, FIRST_BAR + 4 * index, 4, (u32)bar->address);
	if (bar->wide)
		pci_config_write(function, FIRST_BAR + 4 * index + 4, 4, (u32)(bar->address >> 32));
	return OK;
}

enum err pci_place_bars(u64 function, u64 base, u64 bytes, struct pci_bar bars[PCI_BARS])
{
	u64 next = base;
	u32 placed = 0;
	enum err err;

	pci_config_write(function, COMMAND, 2, COMMAND_NO_LINE);
	err = pci_size_bars(function, bars);
	while (err == OK) {
		u32 largest = PCI_BARS;

		for (u32 i = 0; i < PCI_BARS; i++)
			if (bars[i].kind == PCI_BAR_MEMORY && (placed & BIT(i)) == 0 &&
			    (largest == PCI_BARS || bars[i].bytes > bars[largest].bytes))
				largest = i;
		if (largest == PCI_BARS)
			break;
		placed |= (u32)BIT(largest);
		err = place(function, largest, &next, base + bytes, &bars[largest]);
	}
	return err;
}

static void turn_off(u64 function, u32 id, u32 bit)
{
	struct pci_walk walk = pci_walk(function);
	u32 at = pci_next(&walk, id);

	if (at != 0)
		pci_config_write(function, at + MESSAGES, 2,
				 pci_config_read(function, at + MESSAGES, 2) & ~bit);
}

void pci_enable(u64 function)
{
	turn_off(function, PCI_CAP_MSI, (u32)MESSAGES_ON_MSI);
	turn_off(function, PCI_CAP_MSIX, (u32)MESSAGES_ON_MSIX);
	pci_config_write(function, COMMAND, 2, (u32)(COMMAND_MEMORY | COMMAND_MASTER));
}
