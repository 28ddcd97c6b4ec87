/* SPDX-License-Identifier: MIT */
/* overlay: a writable tree laid over trees that stay as they are. */
#pragma once

/** overlay_init - the type and its cache of inodes; before the first mount */
void overlay_init(void);
