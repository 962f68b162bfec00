#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What ./run must know of x86-64: QEMU's "q35" machine with AMD's SVM, and Bochs with Intel's VMX.
# ./run sources this file; scripts/machine-*.sh define the same names.
# shellcheck disable=SC2034,SC2154 # variables of ./run

MACHINE=q35
BOARD=boards/pc
DEBIAN=amd64	# Debian's name of the architecture
KERNEL=bzImage
OUT=build/run-x86_64
OPTIONS=(--cpus --memory --boot --emulator)
emulator=qemu
TOOL_SETS=(qemu)	# of scripts/unpack
OVMF=build/emulators/qemu/root/usr/share/ovmf/OVMF.fd

machine_help()
{
	cat <<-END
	  --boot PATH      how the image is started (kernel):
	                   kernel    by QEMU itself, as a Linux kernel
	                   grub      by GRUB on BIOS, with multiboot2
	                   grub-efi  by GRUB on UEFI, with multiboot2
	                   efi       by UEFI, as an EFI program
	  --emulator NAME  qemu, with AMD's SVM (qemu); or bochs, with Intel's VMX: slow, started
	                   by GRUB on BIOS
	END
}

machine_files_help()
{
	cat <<-END
	  build/debian-amd64/linux-VER: bzImage, the kernel VER;
	  build/debian-amd64: initrd.cpio (a shell of busybox), bzImage-rt, initrd-rt.cpio and
	    initrd-load.cpio (see linux-rt), initrd-virtio.cpio (see virtio-console, 6.1 only);
	END
}

# machine_option OPTION VALUE: take an option that other machines do not have.
machine_option()
{
	case $1 in
	--boot)
		boot=$2
		one_of --boot "$2" kernel grub grub-efi efi
		[[ $2 != grub* ]] || TOOL_SETS+=(grub) ;;
	--emulator)
		emulator=$2
		one_of --emulator "$2" qemu bochs
		[ "$2" = qemu ] || choose_bochs ;;
	esac
}

choose_bochs()
{
	TOOL_SETS=(bochs grub)
	LEAVE="'host poweroff' in the terminal"
}

# Set the array machine to the machine's options.
describe_machine()
{
	local model=max,+svm,+npt

	if [ $emulator = bochs ]; then
		[[ $boot =~ ^(kernel|grub)$ ]] ||
			bad "Bochs starts by GRUB on BIOS: leave --boot out"
		[ "$count" = no ] || bad "--icount is an option of QEMU"
		! has_storage || bad "Bochs has no disk for the system"
	fi
	# With counted instructions QEMU refuses a timer that x2APIC's WRMSR sets.
	[ "$count" = no ] || model+=,-x2apic
	# With a thread for each CPU QEMU can lose a machine with guests (docs/x86-64.md).
	machine=(-accel "tcg,thread=single" -M q35 -cpu "$model" -smp "$cpus" -m "$memory"
		-nodefaults)
}

# Set the array packing to what pack must know of the machine. QEMU cannot print a tree of this
# machine: the board's is taken, with this machine's CPUs and memory. RAM that does not fit below
# 2 GiB begins at 4 GiB; firmware keeps the last 132 KiB below.
describe_packing()
{
	local low=$memory high=0 cpu

	if [ "$memory" -gt 2815 ]; then
		low=2048
		high=$((memory - low))
	fi
	{
		cat $BOARD/q35.dts
		printf '/ {\n\tcpus {\n'
		for ((cpu = 2; cpu < cpus; cpu++)); do
			printf '\t\tcpu@%x { device_type = "cpu"; reg = <%d>; };\n' $cpu $cpu
		done
		[ "$cpus" -gt 1 ] || printf '\t\t/delete-node/ cpu@1;\n'
		printf '\t};\n\tmemory@0 {\n\t\treg = <0 0 0 0x9fc00>, <0 0x100000 0 %#x>' \
			$((low * 1048576 - 0x100000 - 0x21000))
		[ "$high" -eq 0 ] ||
			printf ', <1 0 %d %#x>' $((high >> 12)) $((high << 20 & 0xffffffff))
		printf ';\n\t};\n};\n'
	} >"$work/host.dts"
	dtc -q -I dts -O dtb -o "$work/host.dtb" "$work/host.dts"
	packing=(--core build/x86_64/mullion.bin --host "$work/host.dtb"
		-I "build/debian-amd64/linux-$kernel" -I build/debian-amd64)
}

# Set the array qemu to the command that starts the packed image.
compose()
{
	if [ $emulator = bochs ]; then
		scripts/grub-image iso "${image%.img}.iso" "$image"
		qemu=(scripts/bochs --cpus "$cpus" "${image%.img}.iso" "$memory"
			"${image%.img}.bochs")
		return
	fi
	qemu=(scripts/unpacked qemu qemu-system-x86_64 "${machine[@]}" -nographic
		-serial mon:stdio -no-reboot)
	add_storage -device "virtio-blk-pci,drive=storage,addr=4"
	case $boot in
	kernel) qemu+=(-kernel "$image") ;;
	grub)
		scripts/grub-image iso "${image%.img}.iso" "$image"
		qemu+=(-cdrom "${image%.img}.iso") ;;
	*)
		make_disk
		qemu+=(-bios "$OVMF")
		qemu+=(-drive "file=fat:$disk,format=raw,readonly=on,if=none,id=d"
			-device "virtio-blk-pci,drive=d") ;;
	esac
}

# The disk that UEFI starts the program from.
make_disk()
{
	rm -rf "$disk"
	mkdir -p "$disk/EFI/BOOT"
	if [ "$boot" = efi ]; then
		ln "$image" "$disk/EFI/BOOT/BOOTX64.EFI"
	else
		scripts/grub-image efi "$disk/EFI/BOOT/BOOTX64.EFI" "$image"
	fi
}
