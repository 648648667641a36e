#include "textflag.h"

// func differencesAVX512(to *uint16, signs *uint64, groups, words int, query *uint64)
TEXT ·differencesAVX512(SB), NOSPLIT, $0-40
	MOVQ to+0(FP), DI
	MOVQ signs+8(FP), SI
	MOVQ groups+16(FP), CX
	MOVQ words+24(FP), DX
	MOVQ query+32(FP), R8

group: // of 8 rows, one in each lane
	VPXORQ Z10, Z10, Z10
	VPXORQ Z11, Z11, Z11
	VPXORQ Z12, Z12, Z12
	MOVQ   R8, R9
	MOVQ   DX, R10

word:
	VMOVDQU64   (SI), Z0
	VPXORQ.BCST (R9), Z0, Z1
	VPXORQ.BCST 8(R9), Z0, Z2
	VPXORQ.BCST 16(R9), Z0, Z3
	VPOPCNTQ    Z1, Z1
	VPOPCNTQ    Z2, Z2
	VPOPCNTQ    Z3, Z3
	VPADDQ      Z1, Z10, Z10
	VPADDQ      Z2, Z11, Z11
	VPADDQ      Z3, Z12, Z12
	ADDQ        $64, SI
	ADDQ        $24, R9
	DECQ        R10
	JNZ         word

	VPSLLQ  $1, Z11, Z11
	VPSLLQ  $2, Z12, Z12
	VPADDQ  Z11, Z10, Z10
	VPADDQ  Z12, Z10, Z10
	VPMOVQW Z10, (DI)
	ADDQ    $16, DI
	DECQ    CX
	JNZ     group
	VZEROUPPER
	RET

// func withinAVX512(masks *uint64, distances *uint16, words int, low, high uint32)
TEXT ·withinAVX512(SB), NOSPLIT, $0-32
	MOVQ         masks+0(FP), DI
	MOVQ         distances+8(FP), SI
	MOVQ         words+16(FP), CX
	MOVL         low+24(FP), AX
	MOVL         high+28(FP), BX
	SUBL         AX, BX
	VPBROADCASTW AX, Z8
	VPBROADCASTW BX, Z9

mask:
	VMOVDQU16 (SI), Z0
	VMOVDQU16 64(SI), Z1
	VPSUBW    Z8, Z0, Z0
	VPSUBW    Z8, Z1, Z1
	VPCMPUW   $2, Z9, Z0, K1
	VPCMPUW   $2, Z9, Z1, K2
	KMOVD     K1, (DI)
	KMOVD     K2, 4(DI)
	ADDQ      $128, SI
	ADDQ      $8, DI
	DECQ      CX
	JNZ       mask
	VZEROUPPER
	RET

// func productAVX512(query *float32, vector, next *half, length int) float32
TEXT ·productAVX512(SB), NOSPLIT, $0-36
	MOVQ   query+0(FP), DI
	MOVQ   vector+8(FP), SI
	MOVQ   next+16(FP), DX
	MOVQ   length+24(FP), CX
	VPXORQ Z8, Z8, Z8
	VPXORQ Z9, Z9, Z9
	VPXORQ Z10, Z10, Z10
	VPXORQ Z11, Z11, Z11

numbers: // 64 of them
	PREFETCHT0  (DX)
	PREFETCHT0  64(DX)
	VCVTPH2PS   (SI), Z0
	VCVTPH2PS   32(SI), Z1
	VCVTPH2PS   64(SI), Z2
	VCVTPH2PS   96(SI), Z3
	VFMADD231PS (DI), Z0, Z8
	VFMADD231PS 64(DI), Z1, Z9
	VFMADD231PS 128(DI), Z2, Z10
	VFMADD231PS 192(DI), Z3, Z11
	ADDQ        $128, SI
	ADDQ        $128, DX
	ADDQ        $256, DI
	SUBQ        $64, CX
	JNZ         numbers

	VADDPS        Z9, Z8, Z8
	VADDPS        Z11, Z10, Z10
	VADDPS        Z10, Z8, Z8
	VEXTRACTF64X4 $1, Z8, Y9
	VADDPS        Y9, Y8, Y8
	VEXTRACTF128  $1, Y8, X9
	VADDPS        X9, X8, X8
	VHADDPS       X8, X8, X8
	VHADDPS       X8, X8, X8
	VMOVSS        X8, ret+32(FP)
	VZEROUPPER
	RET
