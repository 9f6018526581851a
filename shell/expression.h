/* shell/expression.h - addresses, numbers and arithmetic as users type them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef EXPRESSION_H
#define EXPRESSION_H

#include "base/util.h"

/*
 * Arithmetic of C on 64 bits: + - * / % & | ^ << >> ~ ( ), unsigned. An operand is a number (hex
 * with 0x or when a letter shows it, else decimal; k, m or g behind it multiplies by 1024, 1024^2,
 * 1024^3) or a symbol, which stands for its address. False with *why; WHY may be NULL.
 */
bool expression_try(const char *text, u64 *value, struct strbuf *why);

/*
 * An address argument: a symbol, symbol+offset, hex with or without 0x, or an expression in
 * parentheses, whose numbers follow the rules above.
 */
bool expression_try_address(const char *text, u64 *address, struct strbuf *why);

#endif
