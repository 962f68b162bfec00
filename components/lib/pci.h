/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration space of a PCI function (PCI Local Bus 3.0 §6, PCI Express Base 5.0 §7.5):
 * the 4 KiB of a GRANT_PCI. @function is their address. The function chooses its contents: loops
 * are bounded, and offsets stay in the page.
 */
#ifndef COMPONENTS_PCI_H
#define COMPONENTS_PCI_H

#include "components/lib/sys.h"

#include <mullion/err.h>

#define PCI_VENDOR    0x00u
#define PCI_DEVICE    0x02u
#define PCI_SUBSYSTEM 0x2eu

#define PCI_BARS       6u
#define PCI_CAPS_END   0x100u
#define PCI_CAP_MSI    0x05u
#define PCI_CAP_VENDOR 0x09u
#define PCI_CAP_MSIX   0x11u

enum pci_bar_kind {
	PCI_BAR_NONE, /* not there, or the upper half of the one before */
	PCI_BAR_MEMORY,
	PCI_BAR_PORTS
};

struct pci_bar {
	enum pci_bar_kind kind;
	bool wide;          /* of 64 bits */
	u64 address, bytes; /* on the bus */
};

/** pci_config_read(), pci_config_write() - @bytes at @offset: 1, 2 or 4, at a multiple of them. */
u32 pci_config_read(u64 function, u32 offset, u32 bytes);
void pci_config_write(u64 function, u32 offset, u32 bytes, u32 value);

/* A walk over the list of capabilities. */
struct pci_walk {
	u64 function;
	u32 next, left;
};
/** pci_walk() - from the start of the list. */
struct pci_walk pci_walk(u64 function);
/** pci_next() - Returns the offset of the next capability @id, or 0. It is a multiple of 4 from
 * 0x40 to 0xfc. A list that is a loop ends. */
u32 pci_next(struct pci_walk *walk, u32 id);

/** pci_size_bars() - kinds, addresses and sizes of all BARs. Decoding must be off. Returns
 * ERR_FORMAT if one makes no sense. */
enum err __must_check pci_size_bars(u64 function, struct pci_bar bars[PCI_BARS]);
/** pci_place_bars() - turn decoding and DMA off, and give the memory BARs addresses in the @bytes
 * at @base on the bus, the largest first. So the function decodes nothing outside, once it is
 * enabled. Returns as pci_size_bars(), or ERR_TOO_BIG. */
enum err __must_check pci_place_bars(u64 function, u64 base, u64 bytes,
				     struct pci_bar bars[PCI_BARS]);
/** pci_enable() - memory is decoded, DMA permitted, and interrupts come by the function's line. */
void pci_enable(u64 function);

#endif
