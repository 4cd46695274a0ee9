dnl SPDX-License-Identifier: MIT

dnl FORKPOOL_APPEND_FLAGS(VARIABLE, FLAGS): append those FLAGS that the compiler knows. -Werror while
dnl asking: clang takes an unknown flag with a warning.
AC_DEFUN([FORKPOOL_APPEND_FLAGS], [
	fp_saved_CFLAGS=$CFLAGS
	for fp_flag in m4_normalize([$2]); do
		AC_MSG_CHECKING([whether $CC accepts $fp_flag])
		CFLAGS="$fp_saved_CFLAGS -Werror $fp_flag"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
			[$1="$$1 $fp_flag"
			AC_MSG_RESULT([yes])],
			[AC_MSG_RESULT([no])])
	done
	CFLAGS=$fp_saved_CFLAGS
])

dnl FORKPOOL_CHECK_GCOV: define HAVE_GCOV if a child that ends by _exit can save its counters.
AC_DEFUN([FORKPOOL_CHECK_GCOV], [
	AC_MSG_CHECKING([for __gcov_dump])
	fp_saved_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS --coverage"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([void __gcov_dump(void);], [__gcov_dump();])],
		[AC_DEFINE([HAVE_GCOV], [1], [Measure coverage: call __gcov_dump before _exit])
		AC_MSG_RESULT([yes])],
		[AC_MSG_RESULT([no])])
	CFLAGS=$fp_saved_CFLAGS
	rm -f conftest*.gcno conftest*.gcda
])

dnl FORKPOOL_CHECK_LIBCHECK: set have_libcheck, CHECK_CFLAGS and CHECK_LIBS. Without pkg-config; as a
dnl static library (Debian's is) it needs its friends named.
AC_DEFUN([FORKPOOL_CHECK_LIBCHECK], [
	have_libcheck=no
	fp_saved_CFLAGS=$CFLAGS
	fp_saved_LIBS=$LIBS
	CFLAGS="$CFLAGS -pthread"
	AC_CHECK_HEADER([check.h], [
		AC_MSG_CHECKING([how to link libcheck])
		for fp_libs in "-lcheck" "-lcheck -lsubunit -lrt -lm" "-lcheck_pic -lsubunit -lrt -lm" "-lcheck -lrt -lm"; do
			LIBS="$fp_libs $fp_saved_LIBS"
			AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdlib.h>
#include <check.h>]], [srunner_free(srunner_create(suite_create("x")));])],
				[have_libcheck=yes
				CHECK_CFLAGS=-pthread
				CHECK_LIBS="-pthread $fp_libs"
				break])
		done
		AS_IF([test $have_libcheck = yes], [AC_MSG_RESULT([$CHECK_LIBS])], [AC_MSG_RESULT([not possible])])
	])
	CFLAGS=$fp_saved_CFLAGS
	LIBS=$fp_saved_LIBS
	AC_SUBST([CHECK_CFLAGS])
	AC_SUBST([CHECK_LIBS])
])
