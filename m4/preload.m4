dnl SPDX-License-Identifier: MIT

dnl FORKPOOL_CHECK_PRELOAD
dnl Can the shared object of --prefork be built for this system? Sets have_preload and PRELOAD_LIBS.
AC_DEFUN([FORKPOOL_CHECK_PRELOAD], [
AC_CACHE_CHECK([whether --prefork can be built], [forkpool_cv_preload], [
	forkpool_cv_preload=no
	forkpool_saved_CFLAGS=$CFLAGS
	forkpool_saved_LDFLAGS=$LDFLAGS
	forkpool_saved_LIBS=$LIBS
	CFLAGS="$CFLAGS -fPIC"
	LDFLAGS="$LDFLAGS -shared -Wl,-z,initfirst -Wl,-z,defs"
	for forkpool_libs in '' -ldl; do
		LIBS="$forkpool_saved_LIBS $forkpool_libs"
		AC_LINK_IFELSE([AC_LANG_SOURCE([[
			#define _GNU_SOURCE
			#include <dlfcn.h>
			#include <sched.h>
			#include <sys/prctl.h>
			#include <sys/syscall.h>
			#if !defined __GLIBC__ || !__GLIBC_PREREQ(2, 25) || defined __s390__ || defined __CRIS__ || \
				defined __MICROBLAZE__ || defined __powerpc__ || defined __sparc__ || defined __ia64__
			# error another C library, or other arguments of clone(2) or of __libc_start_main
			#endif
			int tried[] = {PR_SET_MM_MAP, PR_GET_TID_ADDRESS, CLONE_PARENT, SYS_clone};
			void *next(void);
			void *next(void) { return dlsym(RTLD_NEXT, "__libc_start_main"); }
		]])], [forkpool_cv_preload="yes $forkpool_libs"; break])
	done
	CFLAGS=$forkpool_saved_CFLAGS
	LDFLAGS=$forkpool_saved_LDFLAGS
	LIBS=$forkpool_saved_LIBS
])
have_preload=${forkpool_cv_preload%% *}
PRELOAD_LIBS=${forkpool_cv_preload#* }
AS_IF([test "$have_preload" = no], [PRELOAD_LIBS=])
AC_SUBST([PRELOAD_LIBS])
])
