/* SPDX-License-Identifier: MIT */
/* A writable layer over the root. */
#pragma once

/**
 * layer_root - lay an empty writable layer over /, for this process and all after it.
 * Nothing is mounted in the new root. Return: 0; -errno, with the root as it was or not.
 */
int layer_root(void);
