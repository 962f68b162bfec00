/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types for all rooms.
 *
 * Addresses are one-member structs, so the compiler refuses a guest-physical address in place of a
 * host-physical one. The same holds for times. Raw integers carry their unit in the name (_bytes,
 * _pages, _ns, _hz).
 */
#ifndef MULLION_TYPES_H
#define MULLION_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

/* Host-physical, guest-physical (IPA) and guest-virtual addresses; nanoseconds. */
typedef struct {
	u64 v;
} hpa_t;
typedef struct {
	u64 v;
} gpa_t;
typedef struct {
	u64 v;
} gva_t;
typedef struct {
	u64 v;
} ns_t;

#define HPA(x) ((hpa_t){ (x) })
#define GPA(x) ((gpa_t){ (x) })
#define GVA(x) ((gva_t){ (x) })
#define NS(x)  ((ns_t){ (x) })

#define BIT(n)           (UINT64_C(1) << (n))
#define MASK(hi, lo)     (((~UINT64_C(0)) >> (63 - (hi))) & ((~UINT64_C(0)) << (lo)))
#define FIELD(v, hi, lo) (((u64)(v)&MASK(hi, lo)) >> (lo))
#define ARRAY_SIZE(a)    (sizeof(a) / sizeof((a)[0]))
#define ALIGN_DOWN(x, a) ((x) & ~((u64)(a)-1))
#define ALIGN_UP(x, a)   (((x) + ((u64)(a)-1)) & ~((u64)(a)-1))
#define IS_ALIGNED(x, a) (((x) & ((u64)(a)-1)) == 0)
#define KIB(n)           ((u64)(n) << 10)
#define MIB(n)           ((u64)(n) << 20)
#define GIB(n)           ((u64)(n) << 30)
#define PAGE_SHIFT       12
#define PAGE_SIZE        KIB(4)
#define NS_PER_S         UINT64_C(1000000000)

/* Each operand is evaluated once, and both have their common type; CHOOSE() gets names that no
 * other of them in an expression has. */
#define MIN(a, b) CHOOSE(a, <, b, UNIQUE(chosen, __COUNTER__), UNIQUE(other, __COUNTER__))
#define MAX(a, b) CHOOSE(a, >, b, UNIQUE(chosen, __COUNTER__), UNIQUE(other, __COUNTER__))
#define CHOOSE(a, comparison, b, x, y)         \
	({                                     \
		__auto_type x = 1 ? (a) : (b); \
		__auto_type y = 0 ? (a) : (b); \
		x comparison y ? x : y;        \
	})
#define UNIQUE(name, n)  UNIQUE_(name, n)
#define UNIQUE_(name, n) name##_##n##_

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define __must_check   __attribute__((warn_unused_result))
#define __noreturn     __attribute__((noreturn))
#define __cold         __attribute__((cold, noinline)) /* beside a hot path: small, not fast */
#define __packed       __attribute__((packed))
#define __aligned(n)   __attribute__((aligned(n)))
#define __section(s)   __attribute__((section(s)))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __maybe_unused __attribute__((unused))
/* A function that runs at boot only: its memory is given back when the guests run. */
#define __boot __attribute__((section(".boot.text")))
/* The same for a variable; zero at the start. */
#define __boot_bss __attribute__((section(".bss..boot")))

/* Count of one bits, without SIMD and without libgcc. */
static inline u32 bit_count(u32 x)
{
	x -= (x >> 1) & 0x55555555u;
	x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
	x = (x + (x >> 4)) & 0x0f0f0f0fu;
	return (x * 0x01010101u) >> 24;
}

/* A pointer into memory that a guest can change at any time. Sparse refuses to dereference it. */
#ifdef __CHECKER__
#define __guest __attribute__((noderef, address_space(2)))
#define __force __attribute__((force))
#else
#define __guest
#define __force
#endif

#endif
