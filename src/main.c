/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <signal.h>
#include <string.h>

#include "agent.h"
#include "base/fdio.h"
#include "base/report.h"
#include "cli/options.h"
#include "client/client.h"
#include "process/fds.h"
#include "run.h"
#include "transport/peer.h"

int main(int argc, char **argv)
{
	static struct spawn_origin origin;
	struct options options;
	struct sigaction chld;

	if (fdio_fill_standard() < 0)
		die_sys(EXIT_FORKPOOL, "cannot open /dev/null");
	fdio_init();
	if (argc > 1 && strcmp(argv[1], "ctl") == 0)
		return client_run(argc - 1, argv + 1);
	fds_init();
	peer_init(&origin);
	origin.sigchld_ignored = sigaction(SIGCHLD, NULL, &chld) == 0 && chld.sa_handler == SIG_IGN;
	if (origin.sigchld_ignored)
		signal(SIGCHLD, SIG_DFL);

	options_parse(&options, argc, argv);
	int status = options.agent ? agent_run(&origin) : run(&options, &origin);
	options_clear(&options);
	return status;
}
