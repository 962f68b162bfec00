/* SPDX-License-Identifier: Apache-2.0 */
/* components/vmm/net_offload.c against a receiver that verifies each frame by itself. */
#include "support/test.h"

#include "components/vmm/net_offload.h"
#include "support/random.h"

#define FRAME_MAX 8192u

static u8 frame[FRAME_MAX], out[OFFLOAD_PART];
static struct network_header header;
static struct offload offload;
static u32 bytes, ip, tcp, payload, size;

static void put16(u8 *at, u32 value)
{
	at[0] = (u8)(value >> 8);
	at[1] = (u8)value;
}

static u32 get16(const u8 *at)
{
	return (u32)at[0] << 8 | at[1];
}

static u32 get32(const u8 *at)
{
	return get16(at) << 16 | get16(at + 2);
}

/* The sum of RFC 1071, byte by byte. */
static u32 sum(u32 start, const u8 *at, u32 n)
{
	for (u32 i = 0; i < n; i++)
		start += i % 2 == 0 ? (u32)at[i] << 8 : at[i];
	while (start >> 16 != 0)
		start = (start & 0xffff) + (start >> 16);
	return start;
}

static u32 pseudo_sum(const u8 *at, bool v6, u32 n)
{
	return v6 ? sum(6 + n, at + ip + 8, 32) : sum(6 + n, at + ip + 12, 8);
}

/* A segment of @n bytes, as a driver has it that wants it cut. */
static void make(bool v6, bool tagged, u32 options, u32 n)
{
	for (u32 i = 0; i < FRAME_MAX; i++)
		frame[i] = (u8)random_below(256);
	ip = tagged ? 18 : 14;
	if (tagged)
		put16(frame + 12, 0x8100);
	put16(frame + ip - 2, v6 ? 0x86dd : 0x0800);
	tcp = ip + (v6 ? 40 : 24);
	frame[ip] = v6 ? 0x60 : 0x46;
	frame[ip + (v6 ? 6 : 9)] = 6;
	if (!v6)
		put16(frame + ip + 6, 0x4000);
	frame[tcp + 12] = (u8)((5 + options) << 4);
	frame[tcp + 13] = 0x99; /* CWR, ACK, PSH, FIN */
	payload = tcp + (5 + options) * 4;
	bytes = payload + n;
	size = 1400;
	put16(frame + tcp + 16, pseudo_sum(frame, v6, 0));
	header = (struct network_header){
		.flags = 1,
		.gso_type = v6 ? NETWORK_GSO_TCPV6 : NETWORK_GSO_TCPV4,
		.gso_size = (u16)size,
		.csum_start = (u16)tcp,
		.csum_offset = 16,
	};
}

static bool check(void)
{
	return offload_check(&header, frame, bytes, &offload);
}

static void check_part(u32 index, u32 n, bool v6)
{
	u32 from = payload + index * size, length = n - payload;
	bool last = from + length == bytes;

	assert_true(n > payload && length <= size && (last || length == size));
	assert_memory_equal(out, frame, ip);
	if (v6) {
		assert_int_equal(get16(out + ip + 4), n - ip - 40);
	} else {
		assert_int_equal(get16(out + ip + 2), n - ip);
		assert_int_equal(get16(out + ip + 4), (get16(frame + ip + 4) + index) & 0xffff);
		assert_int_equal(sum(0, out + ip, tcp - ip), 0xffff);
	}
	assert_int_equal(get32(out + tcp + 4), (u32)(get32(frame + tcp + 4) + index * size));
	assert_int_equal(out[tcp + 13], 0x10 | (index == 0 ? 0x80 : 0) | (last ? 0x09 : 0));
	assert_int_equal(sum(pseudo_sum(out, v6, n - tcp), out + tcp, n - tcp), 0xffff);
	assert_memory_equal(out + payload, frame + from, length);
}

static void segments(void **unused)
{
	(void)unused;
	for (u64 seed = 0; seed < 400; seed++) {
		bool v6 = seed % 2 != 0;
		u32 total = 0, n;

		random_seed(seed);
		make(v6, random_below(4) == 0, (u32)random_below(11), 1 + (u32)random_below(7000));
		assert_true(check());
		assert_int_equal(header.header_bytes, payload);
		for (u32 i = 0; i < offload.parts; i++) {
			n = offload_part(&offload, frame, i, out);
			check_part(i, n, v6);
			total += n - payload;
		}
		assert_int_equal(total, bytes - payload);
	}
}

static void large_parts(void **unused)
{
	(void)unused;
	make(false, false, 0, 4000);
	header.gso_size = 1500;
	assert_true(check());
	assert_int_equal(offload_part(&offload, frame, 0, out), 0);
}

static void checksums(void **unused)
{
	(void)unused;
	for (u64 seed = 0; seed < 400; seed++) {
		bool v6 = seed % 2 != 0;

		random_seed(seed);
		make(v6, false, (u32)random_below(11), (u32)random_below(1300));
		put16(frame + tcp + 16, pseudo_sum(frame, v6, bytes - tcp));
		header.gso_type = NETWORK_GSO_NONE;
		assert_true(check());
		assert_int_equal(header.gso_size | header.header_bytes, 0);
		offload_checksum(&header, frame, bytes);
		assert_int_equal(sum(pseudo_sum(frame, v6, bytes - tcp), frame + tcp, bytes - tcp),
				 0xffff);
	}
	/* A result of zero would be no checksum in UDP. */
	make(false, false, 0, 100);
	memset(frame + tcp, 0, bytes - tcp);
	put16(frame + tcp + 16, 0xffff);
	offload_checksum(&header, frame, bytes);
	assert_int_equal(get16(frame + tcp + 16), 0xffff);
}

/* Each of these is wrong by itself, and its neighbour is right. */
static void wrong_headers(void **unused)
{
	static const struct {
		u32 at;
		u8 value;
	} wrong[] = {
		{ 12, 0x86 },     { 14, 0x56 },  { 14, 0x44 },      { 14 + 9, 17 },
		{ 14 + 6, 0x20 }, { 14 + 7, 1 }, { 38 + 12, 0x40 }, { 38 + 12, 0 },
	};

	(void)unused;
	for (u32 i = 0; i < ARRAY_SIZE(wrong); i++) {
		make(false, false, 0, 3000);
		assert_true(check());
		frame[wrong[i].at] = wrong[i].value;
		assert_false(check());
	}
	make(true, false, 0, 3000);
	assert_true(check());
	frame[14 + 6] = 0;
	assert_false(check());
	make(true, false, 0, 3000);
	header.gso_type = NETWORK_GSO_TCPV4;
	assert_false(check());
}

static void wrong_numbers(void **unused)
{
	struct network_header right;

	(void)unused;
	make(false, false, 0, 3000);
	right = header;
#define WRONG(member, value)             \
	do {                             \
		header = right;          \
		header.member = (value); \
		assert_false(check());   \
	} while (0)
	WRONG(flags, 0);
	WRONG(gso_type, 3);
	WRONG(gso_type, NETWORK_GSO_TCPV4 | 0x80);
	WRONG(gso_type, NETWORK_GSO_TCPV6);
	WRONG(gso_size, 0);
	WRONG(gso_size, 47);
	WRONG(csum_start, (u16)(tcp + 1));
	WRONG(csum_start, 13);
	WRONG(csum_start, 0xffff);
	WRONG(csum_offset, 6);
	WRONG(csum_offset, 0xffff);
#undef WRONG
	header = right;
	bytes = payload;
	assert_false(check());
	bytes = 13;
	assert_false(check());
	bytes = NETWORK_FRAME_MAX + 1;
	assert_false(check());
	/* A receiver trusts no checksum because a sender says so. */
	make(false, false, 0, 100);
	header = (struct network_header){ .flags = 2, .csum_start = 7, .csum_offset = 7 };
	assert_true(check());
	assert_int_equal(header.flags | header.csum_start | header.csum_offset, 0);
	header = (struct network_header){ .flags = 1,
					  .csum_start = (u16)(bytes - 18),
					  .csum_offset = 16 };
	assert_true(check());
	header.csum_offset = 17;
	assert_false(check());
	header = (struct network_header){ 0 };
	bytes = OFFLOAD_PART + 1;
	assert_false(check());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments),      cmocka_unit_test(large_parts),
		cmocka_unit_test(checksums),     cmocka_unit_test(wrong_headers),
		cmocka_unit_test(wrong_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
