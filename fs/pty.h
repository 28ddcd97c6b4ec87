/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals: /dev/ptmx and the file system devpts. Man pty(7), pts(4). */
#pragma once

/** pty_init - the devices and the type "devpts" */
void pty_init(void);
