# SPDX-License-Identifier: MIT
# Images that GRUB boots, on BIOS and UEFI, from CD and from a stick. Included by
# the top Makefile. Targets: iso (build/exo.iso), build/loader.iso.

GRUB_MKRESCUE ?= grub-mkrescue
# No pictures, no translations: the menu is text.
GRUB_ISO = $(GRUB_MKRESCUE) --locales= --fonts= --themes= -o $@.part $(@:.iso=.iso-tree) -- -volid EXO-OS
GRUB_MAKE = $(Q)$(GRUB_ISO) >$@.log 2>&1 && mv $@.part $@ || { cat $@.log; exit 1; }

.PHONY: iso
iso: setup
	$(Q)$(MAKE) --no-print-directory build/exo.iso
	@echo "build/exo.iso: boot it in a machine, or write it to a stick by make usb DEV=/dev/sdX"

.PHONY: usb
usb:
	@test -n "$(DEV)" || { echo "usage: make usb DEV=/dev/sdX"; exit 2; }
	$(Q)$(MAKE) --no-print-directory iso
	@tools/usb.py "$(DEV)"

build/exo.iso: build/release/exo.elf build/initrd.cpio boot/grub/menu.cfg boot/grub/grub.mk
	$(if $(Q),@echo "  ISO   $@")
	$(Q)rm -rf $(@:.iso=.iso-tree) && mkdir -p $(@:.iso=.iso-tree)/boot/grub
	$(Q)cp boot/grub/menu.cfg $(@:.iso=.iso-tree)/boot/grub/grub.cfg
	$(Q)strip -g -o $(@:.iso=.iso-tree)/boot/exo.elf build/release/exo.elf
	$(Q)cp build/initrd.cpio $(@:.iso=.iso-tree)/boot/
	$(GRUB_MAKE)

build/loader.iso: boot/grub/loader.cfg boot/grub/grub.mk
	$(if $(Q),@echo "  ISO   $@")
	$(Q)rm -rf $(@:.iso=.iso-tree) && mkdir -p $(@:.iso=.iso-tree)/boot/grub
	$(Q)cp $< $(@:.iso=.iso-tree)/boot/grub/grub.cfg
	$(GRUB_MAKE)

# One kernel is built here; another profile by a make of its own.
ifneq ($(PROFILE),release)
build/release/exo.elf: FORCE
	$(Q)$(MAKE) --no-print-directory PROFILE=release $@
endif
