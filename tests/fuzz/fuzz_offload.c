/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/vmm/net_offload.c: a frame with any header. No byte outside of the frame is read, and
 * each part of a segment is a frame of the network.
 *
 * Input: a struct network_header, and the frame.
 */
#include "components/vmm/net_offload.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void cut(const struct offload *offload, const u8 *frame)
{
	u32 total = 0;

	CHECK(offload->parts != 0);
	for (u32 i = 0; i < offload->parts; i++) {
		u8 out[OFFLOAD_PART];
		u32 bytes = offload_part(offload, frame, i, out);

		CHECK(bytes <= OFFLOAD_PART);
		if (bytes == 0)
			return;
		CHECK(bytes > offload->payload && memcmp(out, frame, 12) == 0);
		total += bytes - offload->payload;
	}
	CHECK(total == offload->bytes - offload->payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct network_header header;
	static struct offload offload;
	u32 bytes;
	u8 *frame;

	if (size <= sizeof(header))
		return 0;
	memcpy(&header, data, sizeof(header));
	bytes = (u32)(size - sizeof(header));
	frame = malloc(bytes);
	CHECK(frame != NULL);
	memcpy(frame, data + sizeof(header), bytes);
	if (offload_check(&header, frame, bytes, &offload)) {
		if (header.gso_type != NETWORK_GSO_NONE)
			cut(&offload, frame);
		else if (header.flags != 0)
			offload_checksum(&header, frame, bytes);
	}
	free(frame);
	return 0;
}
