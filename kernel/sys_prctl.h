/* SPDX-License-Identifier: MIT */
/* Parts of prctl(2) that stand in other files than sys_misc.c. */
#pragma once

/** prctl_capability - options about capabilities; @args: the arguments after @option.
 * Return: what the call returns; -EINVAL also for all other options. */
long prctl_capability(int option, const unsigned long args[4]);
