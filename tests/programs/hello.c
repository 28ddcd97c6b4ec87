/* SPDX-License-Identifier: MIT */
/* What Debian's compilers compile inside Exo-OS. */
#include <stdio.h>

int main(void)
{
	printf("hello from %s\n", __FILE__);
	return 0;
}
