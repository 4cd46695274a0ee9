/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/utf8.h"

size_t utf8_len(const unsigned char *s, size_t n)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	if (!len || n < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
	bool surrogate = s[0] == 0xed && s[1] > 0x9f;
	bool too_large = s[0] == 0xf4 && s[1] > 0x8f;
	return overlong || surrogate || too_large ? 0 : len;
}

bool utf8_is_text(const void *bytes, size_t len)
{
	const unsigned char *s = bytes;
	for (size_t i = 0, n; i < len; i += n) {
		n = s[i] ? utf8_len(s + i, len - i) : 0;
		if (!n)
			return false;
	}
	return true;
}
