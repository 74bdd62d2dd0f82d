/* Starts the program that draws, and waits for it. */
#include "sim/picture.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef TERN_SIM_FOLDER
#error "the folder of the simulator is not known"
#endif

bool sim_picture_draw(const char *path, char *ret_page, size_t room)
{
    const char *end = strrchr(path, '.');
    size_t size = end != NULL && strchr(end, '/') == NULL ? (size_t)(end - path) : strlen(path);
    int status = 0;
    pid_t child;

    (void)snprintf(ret_page, room, "%.*s.html", (int)size, path);
    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        (void)execlp("python3",
                     "python3",
                     "-B",
                     TERN_SIM_FOLDER "/picture.py",
                     path,
                     ret_page,
                     (char *)NULL);
        _exit(127);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}
