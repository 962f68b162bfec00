#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What ./run must know of arm64: QEMU's "virt" machine. ./run sources this file;
# scripts/machine-*.sh define the same names.
# shellcheck disable=SC2034,SC2154 # variables of ./run

MACHINE=virt
BOARD=boards/qemu-virt
DEBIAN=arm64	# Debian's name of the architecture
KERNEL=Image
OUT=build/run
OPTIONS=(--gic --cpu --cpus --memory --boot)
TOOL_SETS=()	# of scripts/unpack
MODELS=(cortex-a53 cortex-a57 cortex-a72 neoverse-n1 max)
UBOOT=/usr/lib/u-boot/qemu_arm64/u-boot.bin
EDK2=/usr/share/qemu-efi-aarch64/QEMU_EFI.fd

gic=3
cpu=cortex-a57

machine_help()
{
	cat <<-END
	  --gic 2|3        version of the machine's interrupt controller (3)
	  --cpu MODEL      ${MODELS[*]} (cortex-a57)
	  --boot PATH      how the image is started (kernel):
	                   kernel   by QEMU itself
	                   booti    by U-Boot, as a kernel image
	                   bootefi  by U-Boot, as an EFI program
	                   edk2     by EDK2, as an EFI program
	END
}

machine_files_help()
{
	cat <<-END
	  $OUT/images-VER: Image, the kernel VER;
	  $OUT/images: initrd.cpio (a shell of busybox), Image-rt, initrd-rt.cpio and
	    initrd-load.cpio (see linux-rt), initrd-virtio.cpio (see virtio-console, 6.1 only),
	    u-boot.bin, Debian's for QEMU's virt machine;
	END
}

# machine_option OPTION VALUE: take an option that other machines do not have.
machine_option()
{
	case $1 in
	--gic) gic=$2; one_of --gic "$2" 2 3 ;;
	--cpu) cpu=$2; one_of --cpu "$2" "${MODELS[@]}" ;;
	--boot) boot=$2; one_of --boot "$2" kernel booti bootefi edk2 ;;
	esac
}

# Set the array machine to the machine's options.
describe_machine()
{
	local kind=virt,virtualization=on,gic-version=$gic model=$cpu
	[ "$boot" != edk2 ] || kind+=,acpi=off		# EDK2 passes ACPI tables or the tree
	[ "$cpu" != max ] || model=max,pauth-impdef=on	# the architected cipher is slow to emulate
	machine=(-M "$kind" -cpu "$model" -smp "$cpus" -m "$memory" -nodefaults)
}

# Set the array packing to what pack must know of the machine, with the machine's own tree.
describe_packing()
{
	local kernels=$OUT/images-$kernel

	mkdir -p $OUT/images "$kernels"
	ln -sfn "$(readlink -f "build/debian/Image-$kernel")" "$kernels/Image"
	for file in Image-rt initrd.cpio initrd-rt.cpio initrd-load.cpio initrd-virtio.cpio; do
		[ ! -e "build/debian/$file" ] ||
			ln -sfn "$(readlink -f "build/debian/$file")" "$OUT/images/$file"
	done
	ln -sfn "$UBOOT" "$OUT/images/u-boot.bin"
	qemu-system-aarch64 -M "${machine[1]},dumpdtb=$work/host.dtb" "${machine[@]:2}" \
		-display none 2>"$work/qemu.log" ||
		{ cat "$work/qemu.log" >&2; die "QEMU refuses this machine"; }
	packing=(--core build/arm64/mullion.bin --host "$work/host.dtb" -I "$kernels"
		-I "$OUT/images")
}

# Set the array qemu to the command that starts the packed image.
compose()
{
	qemu=(qemu-system-aarch64 "${machine[@]}" -nographic -serial mon:stdio -no-reboot)
	# The first device is the last of 32.
	add_storage -global virtio-mmio.force-legacy=false -device "virtio-blk-device,drive=storage"
	case $boot in
	kernel) qemu+=(-kernel "$image") ;;
	booti|bootefi) qemu+=(-bios "$UBOOT") ;;
	edk2) qemu+=(-bios "$EDK2") ;;
	esac
	[ "$boot" != kernel ] || return 0
	make_disk
	qemu+=(-drive "file=fat:$disk,format=raw,readonly=on,if=none,id=d")
	qemu+=(-device "virtio-blk-device,drive=d")
}

# The disk for firmware: both start a file of this name by themselves; U-Boot reads an
# extlinux.conf first.
make_disk()
{
	rm -rf "$disk"
	mkdir -p "$disk"
	if [ "$boot" = booti ]; then
		mkdir "$disk/extlinux"
		ln "$image" "$disk/mullion.img"
		printf 'default mullion\nlabel mullion\n\tkernel /mullion.img\n' \
			> "$disk/extlinux/extlinux.conf"
	else
		mkdir -p "$disk/EFI/BOOT"
		ln "$image" "$disk/EFI/BOOT/BOOTAA64.EFI"
	fi
}
