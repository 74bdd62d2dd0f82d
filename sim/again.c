#include "sim/again.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char line[800];

static void on_crash(int signal_number)
{
    /* By hand: printing is not safe where a call of the library may have crashed. */
    const char digits[] = {(char)('0' + signal_number / 10),
                           (char)('0' + signal_number % 10),
                           '\n'};
    static const char what[] = "\nsim: signal ";

    (void)!write(STDERR_FILENO, what, sizeof what - 1);
    (void)!write(STDERR_FILENO, digits, sizeof digits);
    (void)!write(STDERR_FILENO, line, strlen(line));
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

void sim_again_hear(void)
{
    static const int signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        (void)signal(signals[i], on_crash);
    }
}

void sim_again_note_seed(const struct sim_options *options, uint64_t seed)
{
    const char *schema = options->plan.schema;
    const char *check = options->plan.check;
    char numbers[60] = "";

    if (options->plan.devices > 0) {
        (void)snprintf(numbers, sizeof numbers, " --devices %u", options->plan.devices);
    }
    if (options->plan.steps > 0) {
        (void)snprintf(numbers + strlen(numbers),
                       sizeof numbers - strlen(numbers),
                       " --steps %u",
                       options->plan.steps);
    }
    (void)snprintf(line,
                   sizeof line,
                   "  replay: scripts/sim --seed %llu --replay%s%.500s%s%.40s%s%s\n",
                   (unsigned long long)seed,
                   schema != NULL ? " --schema " : "",
                   schema != NULL ? schema : "",
                   check != NULL ? " --check " : "",
                   check != NULL ? check : "",
                   options->plan.care ? " --care" : "",
                   numbers);
}

void sim_again_note_file(const char *path)
{
    (void)snprintf(line, sizeof line, "  replay: scripts/sim --scenario %.700s\n", path);
}

const char *sim_again_line(void)
{
    return line;
}
