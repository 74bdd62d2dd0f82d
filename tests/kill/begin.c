/* Making and removing. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "tests/kill/begin.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/kill/files.h"
#include "tests/kill/server.h"

void begin_run(struct kill_run *run, const char *folder)
{
    static char made[KILL_PATH_BYTES];
    static char *document;

    if (folder == NULL) {
        folder = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    }
    kill_path(made, folder, "tern-kill.XXXXXX");
    kill_need(mkdtemp(made) != NULL, made);
    run->settings.folder = made;
    free(document);
    document = files_read(TERN_SOURCE_DIR "/tests/kill/ledger.json", &run->settings.document_size);
    run->settings.document = document;
    server_prepare(&run->settings);
}

void end_run(struct kill_run *run)
{
    if (run->broken) {
        (void)fprintf(stderr, "broken: %s\nfiles: %s\n", run->what, run->settings.folder);
    } else {
        files_remove(run->settings.folder);
    }
}
