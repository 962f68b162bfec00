/* SPDX-License-Identifier: Apache-2.0 */
/* pack: make a bootable mullion.img out of core, description and images. See --help. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/bundle.h"
#include "tools/common/unpack.h"
#include "tools/common/verify.h"
#include "tools/pack/image.h"

static const char usage[] =
	"Usage: pack [options] SYSTEM\n"
	"\n"
	"Checks the description of a system and writes one bootable file. SYSTEM is a DTS file or "
	"a\n"
	"compiled tree. The file has the core, the compiled tree and the files that it names. "
	"gzip'd\n"
	"kernels are decompressed.\n"
	"\n"
	"  -c, --core FILE     the core, build/arm64/mullion.bin or build/x86_64/mullion.bin\n"
	"  -o, --output FILE   what to write: mullion.img\n"
	"  -s, --system FILE   the same as SYSTEM\n"
	"  -i, --images DIR    where the images are; may be given several times (default: "
	"SYSTEM's\n"
	"                      directory)\n"
	"  -I DIR              look here for images and for included files; may be given several "
	"times\n"
	"  -H, --host FILE     the machine's device tree, to check against it as well\n"
	"  -b, --bundle-only   write the bundle alone (cpio, newc), to be given to the boot loader "
	"as\n"
	"                      initrd; no core is needed\n"
	"  -n, --no-check      pack a description that is wrong, too\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0 written, 1 mistakes in the description, 2 it could not be done.\n";

struct options {
	const char *system, *core, *output, *machine;
	struct search images, includes;
	bool bundle_only, no_check;
};

static int bad_usage(void)
{
	fputs("pack: see pack --help\n", stderr);
	return 2;
}

static bool parse_operand(int argc, char **argv, struct options *options)
{
	if (optind < argc && options->system == NULL)
		options->system = argv[optind++];
	if (options->system == NULL)
		complain("which system?");
	else if (optind < argc)
		complain("one system at a time, please");
	else if (options->output == NULL)
		complain("where to? give -o FILE");
	else if (options->core == NULL && !options->bundle_only)
		complain("which core? give --core FILE, or --bundle-only");
	else
		return true;
	return false;
}

/* Returns -1 to continue, or the exit status. */
static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "core", required_argument, NULL, 'c' },
		{ "output", required_argument, NULL, 'o' },
		{ "system", required_argument, NULL, 's' },
		{ "images", required_argument, NULL, 'i' },
		{ "host", required_argument, NULL, 'H' },
		{ "bundle-only", no_argument, NULL, 'b' },
		{ "no-check", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:o:s:i:I:H:bnh", longs, NULL)) != -1) {
		switch (option) {
		case 'c': options->core = optarg; break;
		case 'o': options->output = optarg; break;
		case 's': options->system = optarg; break;
		case 'i': search_add(&options->images, optarg); break;
		case 'I':
			search_add(&options->images, optarg);
			search_add(&options->includes, optarg);
			break;
		case 'H': options->machine = optarg; break;
		case 'b': options->bundle_only = true; break;
		case 'n': options->no_check = true; break;
		case 'h': fputs(usage, stdout); return 0;
		default: return bad_usage();
		}
	}
	if (!parse_operand(argc, argv, options))
		return bad_usage();
	return search_check(&options->images) && search_check(&options->includes) ? -1 : 2;
}

/* The description's own directory comes first. */
static char *add_own_directory(struct options *options)
{
	const char *slash = strrchr(options->system, '/');
	char *own = slash == NULL ? xstrdup(".")
				  : xasprintf("%.*s", (int)MAX(slash - options->system, 1),
					      options->system);
	struct search all = { 0 };

	search_add(&all, own);
	for (size_t i = 0; i < options->images.count; i++)
		search_add(&all, options->images.dirs[i]);
	free(options->images.dirs);
	options->images = all;
	return own;
}

static int check(const struct options *options, const struct source *source, struct buffer *bundle)
{
	struct source machine = { 0 };
	struct host *space = xmalloc(sizeof(*space));
	struct verify verify = { .source = source, .dirs = &options->images, .out = stderr };
	struct system system;
	void *arena = NULL;
	int status = 0;

	if (options->machine != NULL && source_load(&machine, options->machine, NULL, NULL) != 0)
		status = 2;
	if (status == 0)
		status = verify_host(options->machine != NULL ? &machine : NULL, source, space,
				     &verify.host);
	if (status == 0)
		status = verify_system(&verify, bundle, &system, &arena);
	free(arena);
	free(space);
	source_free(&machine);
	return status;
}

static int write_image(const struct options *options, const struct buffer *bundle)
{
	struct buffer image = { 0 };
	bool good = true;

	if (!read_file(options->core, &image)) {
		complain("cannot read %s: %s", options->core, strerror(errno));
		good = false;
	}
	good = good && image_compose(&image, bundle, options->core) &&
	       write_file(options->output, image.data, image.used);
	buffer_free(&image);
	return good ? 0 : 2;
}

static int pack(struct options *options)
{
	struct source source;
	struct buffer bundle = { 0 };
	int status = source_load(&source, options->system, &options->includes, options->machine);

	if (status == 0)
		status = unpack_kernels(&source, &options->images, stderr);
	if (status == 0 && options->no_check)
		status = bundle_build(&source.tree, &source.dtb, &options->images, false, &bundle);
	else if (status == 0)
		status = check(options, &source, &bundle);
	if (status == 0 && options->bundle_only)
		status = write_file(options->output, bundle.data, bundle.used) ? 0 : 2;
	else if (status == 0)
		status = write_image(options, &bundle);
	buffer_free(&bundle);
	source_free(&source);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	char *own = NULL;
	int status;

	tool_name = "pack";
	status = parse_options(argc, argv, &options);
	if (status < 0) {
		own = add_own_directory(&options);
		status = pack(&options);
	}
	free(own);
	search_free(&options.images);
	search_free(&options.includes);
	return status;
}
