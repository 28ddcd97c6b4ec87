/* SPDX-License-Identifier: MIT */
/* The first files: cpio archives that the loader put into memory. */
#pragma once

struct boot_info;

/** initrd_unpack - every boot module into the root, and its memory to the
 * allocator. A malformed one is a panic with a sentence. */
void initrd_unpack(const struct boot_info *info);
