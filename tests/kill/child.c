/* Forks, pipes, ends. */
#include "tests/kill/child.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kill/kill.h"

void child_start(struct child *child,
                 void (*body)(const void *context, int pipe),
                 const void *context)
{
    pid_t parent = getpid();
    int ends[2];

    kill_need(pipe(ends) == 0, "pipe");
    child->pid = fork();
    kill_need(child->pid >= 0, "fork");
    if (child->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* none is left behind */
        if (getppid() != parent) {
            _exit(1);
        }
        (void)close(ends[0]);
        body(context, ends[1]);
        _exit(0);
    }
    (void)close(ends[1]);
    child->pipe = ends[0];
}

void child_say(int pipe, enum word word, uint32_t value)
{
    struct said said = {.word = (uint32_t)word, .value = value};

    if (write(pipe, &said, sizeof said) != (ssize_t)sizeof said) {
        _exit(1);
    }
}

bool child_hear(struct child *child, struct said *ret_said)
{
    ssize_t size;

    do {
        size = read(child->pipe, ret_said, sizeof *ret_said);
    } while (size < 0 && errno == EINTR);
    kill_need(size == 0 || size == (ssize_t)sizeof *ret_said, "read from a pipe");
    return size > 0;
}

int child_wait(struct child *child)
{
    int status = 0;

    kill_need(waitpid(child->pid, &status, 0) == child->pid, "wait");
    (void)close(child->pipe);
    *child = (struct child){0};
    return status;
}

void child_kill(const struct child *child)
{
    kill_need(kill(child->pid, SIGKILL) == 0, "kill");
}
