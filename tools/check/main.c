/* SPDX-License-Identifier: Apache-2.0 */
/* check: run the core's own checks over the description of a system. See --help. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include <mullion/format.h>

#include "config/schema.h"
#include "tools/common/unpack.h"
#include "tools/common/verify.h"

static const char usage[] =
	"Usage: check [options] SYSTEM\n"
	"\n"
	"Checks the description of a system as the core does at boot. SYSTEM is a DTS file or a\n"
	"compiled tree. Every mistake is printed with file and line. docs/binding.md lists the "
	"nodes\n"
	"and properties.\n"
	"\n"
	"  -H, --host FILE     the machine: its device tree, compiled or as DTS (of QEMU's "
	"machine:\n"
	"                      qemu-system-aarch64 ... -machine ...,dumpdtb=FILE). Without it "
	"what\n"
	"                      depends on the machine is checked only if SYSTEM itself describes "
	"one\n"
	"  -i, --images DIR    where the images are; may be given several times. Without it "
	"images\n"
	"                      are not checked\n"
	"  -I DIR              look here for included files and for images; may be given several "
	"times\n"
	"  -v, --verbose       print where everything goes when there is no mistake\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0 no mistake (warnings do not count), 1 mistakes, 2 the check failed.\n";

struct options {
	const char *system, *machine;
	struct search images, includes;
	bool verbose;
};

static int bad_usage(void)
{
	fputs("check: see check --help\n", stderr);
	return 2;
}

/* Returns -1 to continue, or the exit status. */
static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "host", required_argument, NULL, 'H' },
		{ "images", required_argument, NULL, 'i' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "H:i:I:vh", longs, NULL)) != -1) {
		switch (option) {
		case 'H': options->machine = optarg; break;
		case 'i': search_add(&options->images, optarg); break;
		case 'I':
			search_add(&options->images, optarg);
			search_add(&options->includes, optarg);
			break;
		case 'v': options->verbose = true; break;
		case 'h': fputs(usage, stdout); return 0;
		default: return bad_usage();
		}
	}
	if (optind != argc - 1) {
		complain(optind == argc ? "which system?" : "one system at a time, please");
		return bad_usage();
	}
	options->system = argv[optind];
	return search_check(&options->images) && search_check(&options->includes) ? -1 : 2;
}

static void print_image(const char *what, const struct config_image *image)
{
	char bytes[FORMAT_BYTES_MAX];

	if (image->span != 0)
		printf("    %-12s 0x%010llx  %s%s%s\n", what, (unsigned long long)image->load.v,
		       format_bytes(bytes, sizeof(bytes), image->span),
		       image->file == NULL ? "" : "  ", image->file == NULL ? "" : image->file);
}

static void print_guest(const struct arch_platform *platform, const struct config_guest *guest)
{
	char bytes[FORMAT_BYTES_MAX];

	printf("  guest '%s'%s: %s, vCPUs on CPU", guest->name,
	       guest->absent ? " (created on request)" : "", platform->guest_summary(guest));
	for (u32 i = 0; i < guest->num_vcpus; i++)
		printf(" %u", guest->vcpus[i].cpu);
	printf("\n");
	for (u32 i = 0; i < guest->num_regions; i++) {
		const struct config_region *region = &guest->regions[i];

		printf("    %-12s 0x%010llx  %s  %s", region->name,
		       (unsigned long long)region->gpa.v,
		       format_bytes(bytes, sizeof(bytes), region->size),
		       region_kind_names[region->kind]);
		if (region->hpa_fixed)
			printf(" at 0x%llx", (unsigned long long)region->hpa.v);
		for (u32 j = 0; j < region->num_irqs; j++)
			printf("%s %u", j == 0 ? ", interrupt" : "",
			       region->kind == REGION_VIRTUAL ? region->irqs[j].guest
							      : region->irqs[j].host);
		printf("\n");
	}
	print_image("(kernel)", &guest->kernel);
	print_image("(initrd)", &guest->initrd);
	print_image("(tree)", &guest->tree);
}

static void print_component(const struct system *system, const struct config_component *component)
{
	char bytes[FORMAT_BYTES_MAX];

	printf("  component '%s': %s, priority %u, CPUs 0x%llx%s\n", component->name,
	       component->program, component->priority, (unsigned long long)component->affinity,
	       component->autostart ? "" : ", not started at boot");
	for (u32 i = 0; i < component->num_grants; i++) {
		const struct config_grant *grant = &component->grants[i];

		printf("    %-12s %s", grant->name,
		       format_bytes(bytes, sizeof(bytes), grant->size));
		if (grant->kind == CONFIG_GRANT_DEVICE)
			printf("  device at 0x%llx", (unsigned long long)grant->hpa.v);
		else
			printf("  %s", grant->kind == CONFIG_GRANT_FILE ? grant->file : "memory");
		for (u32 j = 0; j < grant->num_irqs; j++)
			printf("%s %u", j == 0 ? ", interrupt" : "", grant->irqs[j].host);
		printf("\n");
	}
	for (u32 i = 0; i < system->num_channels; i++) {
		const struct config_channel *channel = &system->channels[i];

		if (&system->components[channel->ends[0]] == component)
			printf("    (channel '%s' to '%s', %s)\n", channel->name,
			       system->components[channel->ends[1]].name,
			       format_bytes(bytes, sizeof(bytes), channel->size));
	}
}

static void print_system(const struct options *options, const struct system *system,
			 const struct host *host)
{
	u32 vcpus = 0;
	char bytes[FORMAT_BYTES_MAX];

	for (u32 i = 0; i < system->num_guests; i++)
		vcpus += system->guests[i].num_vcpus;
	printf("%s: no mistakes: %u %s, %u %s", options->system, system->num_guests,
	       system->num_guests == 1 ? "guest" : "guests", vcpus, vcpus == 1 ? "vCPU" : "vCPUs");
	if (system->num_components > 0)
		printf(", %u %s", system->num_components,
		       system->num_components == 1 ? "component" : "components");
	if (host == NULL || options->images.count == 0)
		printf(" (not checked:%s%s%s)",
		       host == NULL ? " what depends on the machine, give --host" : "",
		       host == NULL && options->images.count == 0 ? ";" : "",
		       options->images.count == 0 ? " images, give --images" : "");
	printf("\n");
	if (!options->verbose)
		return;
	for (u32 i = 0; i < system->num_guests; i++)
		print_guest(arch_platform(system->tree), &system->guests[i]);
	for (u32 i = 0; i < system->num_components; i++)
		print_component(system, &system->components[i]);
	printf("  the core sets aside %s\n",
	       format_bytes(bytes, sizeof(bytes), system->heap_bytes));
}

static int check(struct options *options, struct source *source, struct source *machine)
{
	struct host *space = xmalloc(sizeof(*space));
	struct verify verify = { .source = source, .out = stdout };
	struct buffer bundle = { 0 };
	struct system system;
	void *arena = NULL;
	int status = source_load(source, options->system, &options->includes, options->machine);

	if (options->images.count > 0)
		verify.dirs = &options->images;
	if (status == 0 && options->images.count > 0)
		status = unpack_kernels(source, &options->images, stdout);
	if (status == 0 && options->machine != NULL &&
	    source_load(machine, options->machine, NULL, NULL) != 0)
		status = 2;
	if (status == 0)
		status = verify_host(options->machine != NULL ? machine : NULL, source, space,
				     &verify.host);
	if (status == 0)
		status = verify_system(&verify, &bundle, &system, &arena);
	if (status == 0)
		print_system(options, &system, verify.host);
	free(arena);
	buffer_free(&bundle);
	free(space);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct source source = { 0 }, machine = { 0 };
	int status;

	tool_name = "check";
	status = parse_options(argc, argv, &options);
	if (status < 0)
		status = check(&options, &source, &machine);
	source_free(&machine);
	source_free(&source);
	search_free(&options.images);
	search_free(&options.includes);
	return status;
}
