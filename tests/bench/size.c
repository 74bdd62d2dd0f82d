/* The size of the library as an app ships it: stripped, without what it depends on. */
#include "tests/bench/bench.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char *argument(const char *text)
{
    union {
        const char *in;
        char *out;
    } cast = {text}; /* posix_spawn takes them unchanged */

    return cast.out;
}

void bench_library(void)
{
    const char *stripped = bench_path("libtern.stripped");
    char *const arguments[] = {argument("strip"),
                               argument("-o"),
                               argument(stripped),
                               argument(bench_settings.library),
                               NULL};
    pid_t pid;
    int status = 0;

    bench_check(posix_spawnp(&pid, "strip", NULL, NULL, arguments, environ) == 0, "strip");
    bench_check(waitpid(pid, &status, 0) == pid && status == 0, "strip");
    bench_figure("lib_kib", (double)bench_file_bytes(stripped) / 1024, "KiB");
    unlink(stripped);
}
