/* SPDX-License-Identifier: MIT */
/* Reading the manifests of service_paths.manifests into the table of services. */
#pragma once

#include <kernel/lib/types.h>

/**
 * load_manifests - read all of them, at first and again
 * @consoles: what has /dev/console runs on the kernel's other consoles too, and /bin/sh
 *            gets it when no service does
 * A running service goes on by its new manifest from its next start; one whose
 * manifest is no longer there is stopped. What is wrong is said on the console.
 */
void load_manifests(bool consoles);
