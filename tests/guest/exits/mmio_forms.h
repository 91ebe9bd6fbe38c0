/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions with a memory operand at RDI: number, text, operand width, flags defined behind it.
 */
#ifndef GUEST_MMIO_FORMS_H
#define GUEST_MMIO_FORMS_H

#define MMIO_FORMS(X)                                                            \
	X(0, "movb (%%rdi), %%al", 1, FLAGS_NONE)                                \
	X(1, "movb %%al, (%%rdi)", 1, FLAGS_NONE)                                \
	X(2, "movb $0x5a, (%%rdi)", 1, FLAGS_NONE)                               \
	X(3, "addb %%al, (%%rdi)", 1, FLAGS_ALU)                                 \
	X(4, "addb (%%rdi), %%al", 1, FLAGS_ALU)                                 \
	X(5, "adcb %%al, (%%rdi)", 1, FLAGS_ALU)                                 \
	X(6, "adcb (%%rdi), %%al", 1, FLAGS_ALU)                                 \
	X(7, "subb %%al, (%%rdi)", 1, FLAGS_ALU)                                 \
	X(8, "subb (%%rdi), %%al", 1, FLAGS_ALU)                                 \
	X(9, "sbbb %%al, (%%rdi)", 1, FLAGS_ALU)                                 \
	X(10, "sbbb (%%rdi), %%al", 1, FLAGS_ALU)                                \
	X(11, "cmpb %%al, (%%rdi)", 1, FLAGS_ALU)                                \
	X(12, "cmpb (%%rdi), %%al", 1, FLAGS_ALU)                                \
	X(13, "andb %%al, (%%rdi)", 1, FLAGS_LOGIC)                              \
	X(14, "andb (%%rdi), %%al", 1, FLAGS_LOGIC)                              \
	X(15, "orb %%al, (%%rdi)", 1, FLAGS_LOGIC)                               \
	X(16, "orb (%%rdi), %%al", 1, FLAGS_LOGIC)                               \
	X(17, "xorb %%al, (%%rdi)", 1, FLAGS_LOGIC)                              \
	X(18, "xorb (%%rdi), %%al", 1, FLAGS_LOGIC)                              \
	X(19, "testb %%al, (%%rdi)", 1, FLAGS_LOGIC)                             \
	X(20, "testb $0x41, (%%rdi)", 1, FLAGS_LOGIC)                            \
	X(21, "addb $0x7f, (%%rdi)", 1, FLAGS_ALU)                               \
	X(22, "cmpb $-1, (%%rdi)", 1, FLAGS_ALU)                                 \
	X(23, "incb (%%rdi)", 1, FLAGS_ALU)                                      \
	X(24, "decb (%%rdi)", 1, FLAGS_ALU)                                      \
	X(25, "negb (%%rdi)", 1, FLAGS_ALU)                                      \
	X(26, "notb (%%rdi)", 1, FLAGS_NONE)                                     \
	X(27, "xchgb %%al, (%%rdi)", 1, FLAGS_NONE)                              \
	X(28, "lock xaddb %%al, (%%rdi)", 1, FLAGS_ALU)                          \
	X(29, "lock cmpxchgb %%cl, (%%rdi)", 1, FLAGS_ALU)                       \
	X(30, "movw (%%rdi), %%ax", 2, FLAGS_NONE)                               \
	X(31, "movw %%ax, (%%rdi)", 2, FLAGS_NONE)                               \
	X(32, "movw $0x5a, (%%rdi)", 2, FLAGS_NONE)                              \
	X(33, "addw %%ax, (%%rdi)", 2, FLAGS_ALU)                                \
	X(34, "addw (%%rdi), %%ax", 2, FLAGS_ALU)                                \
	X(35, "adcw %%ax, (%%rdi)", 2, FLAGS_ALU)                                \
	X(36, "adcw (%%rdi), %%ax", 2, FLAGS_ALU)                                \
	X(37, "subw %%ax, (%%rdi)", 2, FLAGS_ALU)                                \
	X(38, "subw (%%rdi), %%ax", 2, FLAGS_ALU)                                \
	X(39, "sbbw %%ax, (%%rdi)", 2, FLAGS_ALU)                                \
	X(40, "sbbw (%%rdi), %%ax", 2, FLAGS_ALU)                                \
	X(41, "cmpw %%ax, (%%rdi)", 2, FLAGS_ALU)                                \
	X(42, "cmpw (%%rdi), %%ax", 2, FLAGS_ALU)                                \
	X(43, "andw %%ax, (%%rdi)", 2, FLAGS_LOGIC)                              \
	X(44, "andw (%%rdi), %%ax", 2, FLAGS_LOGIC)                              \
	X(45, "orw %%ax, (%%rdi)", 2, FLAGS_LOGIC)                               \
	X(46, "orw (%%rdi), %%ax", 2, FLAGS_LOGIC)                               \
	X(47, "xorw %%ax, (%%rdi)", 2, FLAGS_LOGIC)                              \
	X(48, "xorw (%%rdi), %%ax", 2, FLAGS_LOGIC)                              \
	X(49, "testw %%ax, (%%rdi)", 2, FLAGS_LOGIC)                             \
	X(50, "testw $0x41, (%%rdi)", 2, FLAGS_LOGIC)                            \
	X(51, "addw $0x7f, (%%rdi)", 2, FLAGS_ALU)                               \
	X(52, "cmpw $-1, (%%rdi)", 2, FLAGS_ALU)                                 \
	X(53, "incw (%%rdi)", 2, FLAGS_ALU)                                      \
	X(54, "decw (%%rdi)", 2, FLAGS_ALU)                                      \
	X(55, "negw (%%rdi)", 2, FLAGS_ALU)                                      \
	X(56, "notw (%%rdi)", 2, FLAGS_NONE)                                     \
	X(57, "xchgw %%ax, (%%rdi)", 2, FLAGS_NONE)                              \
	X(58, "lock xaddw %%ax, (%%rdi)", 2, FLAGS_ALU)                          \
	X(59, "lock cmpxchgw %%cx, (%%rdi)", 2, FLAGS_ALU)                       \
	X(60, "btw %%cx, (%%rdi)", 2, FLAGS_BITS)                                \
	X(61, "btw $7, (%%rdi)", 2, FLAGS_BITS)                                  \
	X(62, "btsw %%cx, (%%rdi)", 2, FLAGS_BITS)                               \
	X(63, "btsw $7, (%%rdi)", 2, FLAGS_BITS)                                 \
	X(64, "btrw %%cx, (%%rdi)", 2, FLAGS_BITS)                               \
	X(65, "btrw $7, (%%rdi)", 2, FLAGS_BITS)                                 \
	X(66, "btcw %%cx, (%%rdi)", 2, FLAGS_BITS)                               \
	X(67, "btcw $7, (%%rdi)", 2, FLAGS_BITS)                                 \
	X(68, "movl (%%rdi), %%eax", 4, FLAGS_NONE)                              \
	X(69, "movl %%eax, (%%rdi)", 4, FLAGS_NONE)                              \
	X(70, "movl $0x5a, (%%rdi)", 4, FLAGS_NONE)                              \
	X(71, "addl %%eax, (%%rdi)", 4, FLAGS_ALU)                               \
	X(72, "addl (%%rdi), %%eax", 4, FLAGS_ALU)                               \
	X(73, "adcl %%eax, (%%rdi)", 4, FLAGS_ALU)                               \
	X(74, "adcl (%%rdi), %%eax", 4, FLAGS_ALU)                               \
	X(75, "subl %%eax, (%%rdi)", 4, FLAGS_ALU)                               \
	X(76, "subl (%%rdi), %%eax", 4, FLAGS_ALU)                               \
	X(77, "sbbl %%eax, (%%rdi)", 4, FLAGS_ALU)                               \
	X(78, "sbbl (%%rdi), %%eax", 4, FLAGS_ALU)                               \
	X(79, "cmpl %%eax, (%%rdi)", 4, FLAGS_ALU)                               \
	X(80, "cmpl (%%rdi), %%eax", 4, FLAGS_ALU)                               \
	X(81, "andl %%eax, (%%rdi)", 4, FLAGS_LOGIC)                             \
	X(82, "andl (%%rdi), %%eax", 4, FLAGS_LOGIC)                             \
	X(83, "orl %%eax, (%%rdi)", 4, FLAGS_LOGIC)                              \
	X(84, "orl (%%rdi), %%eax", 4, FLAGS_LOGIC)                              \
	X(85, "xorl %%eax, (%%rdi)", 4, FLAGS_LOGIC)                             \
	X(86, "xorl (%%rdi), %%eax", 4, FLAGS_LOGIC)                             \
	X(87, "testl %%eax, (%%rdi)", 4, FLAGS_LOGIC)                            \
	X(88, "testl $0x41, (%%rdi)", 4, FLAGS_LOGIC)                            \
	X(89, "addl $0x7f, (%%rdi)", 4, FLAGS_ALU)                               \
	X(90, "cmpl $-1, (%%rdi)", 4, FLAGS_ALU)                                 \
	X(91, "incl (%%rdi)", 4, FLAGS_ALU)                                      \
	X(92, "decl (%%rdi)", 4, FLAGS_ALU)                                      \
	X(93, "negl (%%rdi)", 4, FLAGS_ALU)                                      \
	X(94, "notl (%%rdi)", 4, FLAGS_NONE)                                     \
	X(95, "xchgl %%eax, (%%rdi)", 4, FLAGS_NONE)                             \
	X(96, "lock xaddl %%eax, (%%rdi)", 4, FLAGS_ALU)                         \
	X(97, "lock cmpxchgl %%ecx, (%%rdi)", 4, FLAGS_ALU)                      \
	X(98, "btl %%ecx, (%%rdi)", 4, FLAGS_BITS)                               \
	X(99, "btl $7, (%%rdi)", 4, FLAGS_BITS)                                  \
	X(100, "btsl %%ecx, (%%rdi)", 4, FLAGS_BITS)                             \
	X(101, "btsl $7, (%%rdi)", 4, FLAGS_BITS)                                \
	X(102, "btrl %%ecx, (%%rdi)", 4, FLAGS_BITS)                             \
	X(103, "btrl $7, (%%rdi)", 4, FLAGS_BITS)                                \
	X(104, "btcl %%ecx, (%%rdi)", 4, FLAGS_BITS)                             \
	X(105, "btcl $7, (%%rdi)", 4, FLAGS_BITS)                                \
	X(106, "movq (%%rdi), %%rax", 8, FLAGS_NONE)                             \
	X(107, "movq %%rax, (%%rdi)", 8, FLAGS_NONE)                             \
	X(108, "movq $0x5a, (%%rdi)", 8, FLAGS_NONE)                             \
	X(109, "addq %%rax, (%%rdi)", 8, FLAGS_ALU)                              \
	X(110, "addq (%%rdi), %%rax", 8, FLAGS_ALU)                              \
	X(111, "adcq %%rax, (%%rdi)", 8, FLAGS_ALU)                              \
	X(112, "adcq (%%rdi), %%rax", 8, FLAGS_ALU)                              \
	X(113, "subq %%rax, (%%rdi)", 8, FLAGS_ALU)                              \
	X(114, "subq (%%rdi), %%rax", 8, FLAGS_ALU)                              \
	X(115, "sbbq %%rax, (%%rdi)", 8, FLAGS_ALU)                              \
	X(116, "sbbq (%%rdi), %%rax", 8, FLAGS_ALU)                              \
	X(117, "cmpq %%rax, (%%rdi)", 8, FLAGS_ALU)                              \
	X(118, "cmpq (%%rdi), %%rax", 8, FLAGS_ALU)                              \
	X(119, "andq %%rax, (%%rdi)", 8, FLAGS_LOGIC)                            \
	X(120, "andq (%%rdi), %%rax", 8, FLAGS_LOGIC)                            \
	X(121, "orq %%rax, (%%rdi)", 8, FLAGS_LOGIC)                             \
	X(122, "orq (%%rdi), %%rax", 8, FLAGS_LOGIC)                             \
	X(123, "xorq %%rax, (%%rdi)", 8, FLAGS_LOGIC)                            \
	X(124, "xorq (%%rdi), %%rax", 8, FLAGS_LOGIC)                            \
	X(125, "testq %%rax, (%%rdi)", 8, FLAGS_LOGIC)                           \
	X(126, "testq $0x41, (%%rdi)", 8, FLAGS_LOGIC)                           \
	X(127, "addq $0x7f, (%%rdi)", 8, FLAGS_ALU)                              \
	X(128, "cmpq $-1, (%%rdi)", 8, FLAGS_ALU)                                \
	X(129, "incq (%%rdi)", 8, FLAGS_ALU)                                     \
	X(130, "decq (%%rdi)", 8, FLAGS_ALU)                                     \
	X(131, "negq (%%rdi)", 8, FLAGS_ALU)                                     \
	X(132, "notq (%%rdi)", 8, FLAGS_NONE)                                    \
	X(133, "xchgq %%rax, (%%rdi)", 8, FLAGS_NONE)                            \
	X(134, "lock xaddq %%rax, (%%rdi)", 8, FLAGS_ALU)                        \
	X(135, "lock cmpxchgq %%rcx, (%%rdi)", 8, FLAGS_ALU)                     \
	X(136, "btq %%rcx, (%%rdi)", 8, FLAGS_BITS)                              \
	X(137, "btq $7, (%%rdi)", 8, FLAGS_BITS)                                 \
	X(138, "btsq %%rcx, (%%rdi)", 8, FLAGS_BITS)                             \
	X(139, "btsq $7, (%%rdi)", 8, FLAGS_BITS)                                \
	X(140, "btrq %%rcx, (%%rdi)", 8, FLAGS_BITS)                             \
	X(141, "btrq $7, (%%rdi)", 8, FLAGS_BITS)                                \
	X(142, "btcq %%rcx, (%%rdi)", 8, FLAGS_BITS)                             \
	X(143, "btcq $7, (%%rdi)", 8, FLAGS_BITS)                                \
	X(144, "movb (%%rdi), %%ah", 1, FLAGS_NONE)                              \
	X(145, "movb %%ah, (%%rdi)", 1, FLAGS_NONE)                              \
	X(146, "subb %%ah, (%%rdi)", 1, FLAGS_ALU)                               \
	X(147, "xorb (%%rdi), %%ch", 1, FLAGS_LOGIC)                             \
	X(148, "movzbl (%%rdi), %%eax", 1, FLAGS_NONE)                           \
	X(149, "movzbw (%%rdi), %%ax", 1, FLAGS_NONE)                            \
	X(150, "movzbq (%%rdi), %%rax", 1, FLAGS_NONE)                           \
	X(151, "movsbw (%%rdi), %%ax", 1, FLAGS_NONE)                            \
	X(152, "movsbl (%%rdi), %%eax", 1, FLAGS_NONE)                           \
	X(153, "movsbq (%%rdi), %%rax", 1, FLAGS_NONE)                           \
	X(154, "movzwl (%%rdi), %%eax", 2, FLAGS_NONE)                           \
	X(155, "movzwq (%%rdi), %%rax", 2, FLAGS_NONE)                           \
	X(156, "movswl (%%rdi), %%eax", 2, FLAGS_NONE)                           \
	X(157, "movswq (%%rdi), %%rax", 2, FLAGS_NONE)                           \
	X(158, "movslq (%%rdi), %%rax", 4, FLAGS_NONE)                           \
	X(159, "movnti %%eax, (%%rdi)", 4, FLAGS_NONE)                           \
	X(160, "movnti %%rax, (%%rdi)", 8, FLAGS_NONE)                           \
	X(161, "movl $0x87654321, (%%rdi)", 4, FLAGS_NONE)                       \
	X(162, "lock addl $0x12345678, (%%rdi)", 4, FLAGS_ALU)                   \
	X(163, "andl $0x0f0f0f0f, (%%rdi)", 4, FLAGS_LOGIC)                      \
	X(164, "movq $-1, %%rdx\n\tmovl 4(%%rdi,%%rdx,4), %%eax", 4, FLAGS_NONE) \
	X(165, "rolb $1, (%%rdi)", 1, FLAGS_ALU)                                 \
	X(166, "rolb %%cl, (%%rdi)", 1, FLAGS_ROTATE)                            \
	X(167, "rorb $1, (%%rdi)", 1, FLAGS_ALU)                                 \
	X(168, "rorb %%cl, (%%rdi)", 1, FLAGS_ROTATE)                            \
	X(169, "rclb $1, (%%rdi)", 1, FLAGS_ALU)                                 \
	X(170, "rclb %%cl, (%%rdi)", 1, FLAGS_ROTATE)                            \
	X(171, "rcrb $1, (%%rdi)", 1, FLAGS_ALU)                                 \
	X(172, "rcrb %%cl, (%%rdi)", 1, FLAGS_ROTATE)                            \
	X(173, "shlb $1, (%%rdi)", 1, FLAGS_LOGIC)                               \
	X(174, "shrb $1, (%%rdi)", 1, FLAGS_LOGIC)                               \
	X(175, "sarb $1, (%%rdi)", 1, FLAGS_LOGIC)                               \
	X(176, "mulb (%%rdi)", 1, FLAGS_MULTIPLY)                                \
	X(177, "imulb (%%rdi)", 1, FLAGS_MULTIPLY)                               \
	X(178, "rolw $1, (%%rdi)", 2, FLAGS_ALU)                                 \
	X(179, "rolw %%cl, (%%rdi)", 2, FLAGS_ROTATE)                            \
	X(180, "rorw $1, (%%rdi)", 2, FLAGS_ALU)                                 \
	X(181, "rorw %%cl, (%%rdi)", 2, FLAGS_ROTATE)                            \
	X(182, "rclw $1, (%%rdi)", 2, FLAGS_ALU)                                 \
	X(183, "rclw %%cl, (%%rdi)", 2, FLAGS_ROTATE)                            \
	X(184, "rcrw $1, (%%rdi)", 2, FLAGS_ALU)                                 \
	X(185, "rcrw %%cl, (%%rdi)", 2, FLAGS_ROTATE)                            \
	X(186, "shlw $1, (%%rdi)", 2, FLAGS_LOGIC)                               \
	X(187, "shrw $1, (%%rdi)", 2, FLAGS_LOGIC)                               \
	X(188, "sarw $1, (%%rdi)", 2, FLAGS_LOGIC)                               \
	X(189, "mulw (%%rdi)", 2, FLAGS_MULTIPLY)                                \
	X(190, "imulw (%%rdi)", 2, FLAGS_MULTIPLY)                               \
	X(191, "shldw $3, %%ax, (%%rdi)", 2, FLAGS_SHIFT)                        \
	X(192, "shrdw $3, %%ax, (%%rdi)", 2, FLAGS_SHIFT)                        \
	X(193, "imulw (%%rdi), %%ax", 2, FLAGS_MULTIPLY)                         \
	X(194, "imulw $-7, (%%rdi), %%ax", 2, FLAGS_MULTIPLY)                    \
	X(195, "cmovc (%%rdi), %%ax", 2, FLAGS_ALU)                              \
	X(196, "cmovge (%%rdi), %%ax", 2, FLAGS_ALU)                             \
	X(197, "roll $1, (%%rdi)", 4, FLAGS_ALU)                                 \
	X(198, "roll %%cl, (%%rdi)", 4, FLAGS_ROTATE)                            \
	X(199, "rorl $1, (%%rdi)", 4, FLAGS_ALU)                                 \
	X(200, "rorl %%cl, (%%rdi)", 4, FLAGS_ROTATE)                            \
	X(201, "rcll $1, (%%rdi)", 4, FLAGS_ALU)                                 \
	X(202, "rcll %%cl, (%%rdi)", 4, FLAGS_ROTATE)                            \
	X(203, "rcrl $1, (%%rdi)", 4, FLAGS_ALU)                                 \
	X(204, "rcrl %%cl, (%%rdi)", 4, FLAGS_ROTATE)                            \
	X(205, "shll $1, (%%rdi)", 4, FLAGS_LOGIC)                               \
	X(206, "shll %%cl, (%%rdi)", 4, FLAGS_SHIFT)                             \
	X(207, "shrl $1, (%%rdi)", 4, FLAGS_LOGIC)                               \
	X(208, "shrl %%cl, (%%rdi)", 4, FLAGS_SHIFT)                             \
	X(209, "sarl $1, (%%rdi)", 4, FLAGS_LOGIC)                               \
	X(210, "sarl %%cl, (%%rdi)", 4, FLAGS_SHIFT)                             \
	X(211, "mull (%%rdi)", 4, FLAGS_MULTIPLY)                                \
	X(212, "imull (%%rdi)", 4, FLAGS_MULTIPLY)                               \
	X(213, "shldl $3, %%eax, (%%rdi)", 4, FLAGS_SHIFT)                       \
	X(214, "shrdl $3, %%eax, (%%rdi)", 4, FLAGS_SHIFT)                       \
	X(215, "shldl %%cl, %%eax, (%%rdi)", 4, FLAGS_SHIFT)                     \
	X(216, "imull (%%rdi), %%eax", 4, FLAGS_MULTIPLY)                        \
	X(217, "imull $-7, (%%rdi), %%eax", 4, FLAGS_MULTIPLY)                   \
	X(218, "cmovc (%%rdi), %%eax", 4, FLAGS_ALU)                             \
	X(219, "cmovge (%%rdi), %%eax", 4, FLAGS_ALU)                            \
	X(220, "rolq $1, (%%rdi)", 8, FLAGS_ALU)                                 \
	X(221, "rolq %%cl, (%%rdi)", 8, FLAGS_ROTATE)                            \
	X(222, "rorq $1, (%%rdi)", 8, FLAGS_ALU)                                 \
	X(223, "rorq %%cl, (%%rdi)", 8, FLAGS_ROTATE)                            \
	X(224, "rclq $1, (%%rdi)", 8, FLAGS_ALU)                                 \
	X(225, "rclq %%cl, (%%rdi)", 8, FLAGS_ROTATE)                            \
	X(226, "rcrq $1, (%%rdi)", 8, FLAGS_ALU)                                 \
	X(227, "rcrq %%cl, (%%rdi)", 8, FLAGS_ROTATE)                            \
	X(228, "shlq $1, (%%rdi)", 8, FLAGS_LOGIC)                               \
	X(229, "shlq %%cl, (%%rdi)", 8, FLAGS_SHIFT)                             \
	X(230, "shrq $1, (%%rdi)", 8, FLAGS_LOGIC)                               \
	X(231, "shrq %%cl, (%%rdi)", 8, FLAGS_SHIFT)                             \
	X(232, "sarq $1, (%%rdi)", 8, FLAGS_LOGIC)                               \
	X(233, "sarq %%cl, (%%rdi)", 8, FLAGS_SHIFT)                             \
	X(234, "mulq (%%rdi)", 8, FLAGS_MULTIPLY)                                \
	X(235, "imulq (%%rdi)", 8, FLAGS_MULTIPLY)                               \
	X(236, "shldq $3, %%rax, (%%rdi)", 8, FLAGS_SHIFT)                       \
	X(237, "shrdq $3, %%rax, (%%rdi)", 8, FLAGS_SHIFT)                       \
	X(238, "shldq %%cl, %%rax, (%%rdi)", 8, FLAGS_SHIFT)                     \
	X(239, "imulq (%%rdi), %%rax", 8, FLAGS_MULTIPLY)                        \
	X(240, "imulq $-7, (%%rdi), %%rax", 8, FLAGS_MULTIPLY)                   \
	X(241, "cmovc (%%rdi), %%rax", 8, FLAGS_ALU)                             \
	X(242, "cmovge (%%rdi), %%rax", 8, FLAGS_ALU)                            \
	X(243, "setc (%%rdi)", 1, FLAGS_ALU)                                     \
	X(244, "setnz (%%rdi)", 1, FLAGS_ALU)                                    \
	X(245, "setle (%%rdi)", 1, FLAGS_ALU)                                    \
	X(246, "setp (%%rdi)", 1, FLAGS_ALU)                                     \
	X(247, "lock cmpxchg8b (%%rdi)", 8, FLAGS_ALU)                           \
	X(248, "pushq (%%rdi)\n\tpopq %%rax", 8, FLAGS_ALU)                      \
	X(249, "pushq %%rcx\n\tpopq (%%rdi)", 8, FLAGS_ALU)                      \
	X(250, "pushw (%%rdi)\n\tpopw %%ax", 2, FLAGS_ALU)                       \
	X(251, "movw %%ss, (%%rdi)", 2, FLAGS_ALU)                               \
	X(252, "clflush (%%rdi)", 1, FLAGS_ALU)                                  \
	X(253, "cmpsl", 4, FLAGS_ALU)                                            \
	X(254, "scasl", 4, FLAGS_ALU)

#endif
