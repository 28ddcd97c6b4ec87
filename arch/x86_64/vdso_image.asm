; SPDX-License-Identifier: MIT
;
; The vDSO as the linker left it (arch/x86_64/vdso/), alone on its pages in the
; kernel's image: programs map these (kernel/time/vdso.c).

section .rodata.vdso progbits alloc noexec nowrite align=4096
global vdso_image, vdso_image_end
vdso_image:
	incbin "vdso.so"
	align 4096, db 0
vdso_image_end:
