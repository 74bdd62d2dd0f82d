#include "sim/torture/options.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "sim/argument.h"
#include "sim/mutants.h"

const char *const torture_fault_names[TORTURE_FAULTS] =
    {"kill", "power", "twice", "error", "read", "full", "memory", "second", "answer", "request"};

const char torture_usage[] =
    "Usage: tern-torture [OPTION]...\n"
    "Lets each fault strike each operation at each place.\n"
    "  --operation NAME  this one alone; --list names them\n"
    "  --fault NAME      kill, power, twice, error, read, full, memory, second, answer, request\n"
    "  --at N            at this place alone, as a failure was told\n"
    "  --way W           how it goes on there\n"
    "  --points P        at most so many places of each operation and fault; 0: all\n"
    "  --places          say how many there are, and try none\n"
    "  --jobs J          so many at a time\n"
    "  --file FILE       operations of your own\n"
    "  --list            the operations\n"
    "  --help            this text\n"
#ifdef TERN_MUTANTS
    "  --mutant NAME     with this planted bug\n"
#endif
    ;

static bool refuse(const char *what, const char *value)
{
    (void)fprintf(stderr, "%s %s\n", what, value);
    return false;
}

static bool is_fault(const char *name)
{
    for (int i = 0; i < TORTURE_FAULTS; i++) {
        if (strcmp(torture_fault_names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_small(const char *option, const char *text, unsigned most, unsigned *ret_number)
{
    uint64_t number;
    bool is_read = sim_argument_number(option, text, 0, most, &number);

    *ret_number = is_read ? (unsigned)number : 0;
    return is_read;
}

/* An option that has a value. */
static bool read_value(struct torture_options *options, int letter, const char *value)
{
    switch (letter) {
    case 'o':
        options->operation = value;
        return true;
    case 'f':
        options->fault = value;
        return is_fault(value) || refuse("there is no fault", value);
    case 'a':
        options->has_at = true;
        return read_small("at", value, UINT_MAX, &options->at);
    case 'w':
        return read_small("way", value, UINT_MAX, &options->way);
    case 'p':
        return read_small("points", value, UINT_MAX, &options->points) &&
               (options->points != 1 ||
                refuse("--points: the first and the last are two, not", value));
    case 'j':
        return read_small("jobs", value, TORTURE_JOBS, &options->jobs) &&
               (options->jobs > 0 || refuse("--jobs: at least 1, not", value));
#ifdef TERN_MUTANTS
    case 'm':
        return sim_mutants_choose(value) || refuse("there is no mutant", value);
#endif
    default:
        options->file = value;
        return true;
    }
}

bool torture_options_read(int argc, char **argv, struct torture_options *ret_options)
{
    static const struct option names[] = {{"operation", required_argument, NULL, 'o'},
                                          {"fault", required_argument, NULL, 'f'},
                                          {"at", required_argument, NULL, 'a'},
                                          {"way", required_argument, NULL, 'w'},
                                          {"points", required_argument, NULL, 'p'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"file", required_argument, NULL, 'F'},
                                          {"places", no_argument, NULL, 'c'},
                                          {"list", no_argument, NULL, 'l'},
                                          {"help", no_argument, NULL, 'h'},
#ifdef TERN_MUTANTS
                                          {"mutant", required_argument, NULL, 'm'},
#endif
                                          {NULL, 0, NULL, 0}};
    int letter;

    *ret_options = (struct torture_options){.file = TERN_SIM_TORTURE_FILE, .jobs = 1};
    while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
        ret_options->places = ret_options->places || letter == 'c';
        ret_options->list = ret_options->list || letter == 'l';
        ret_options->help = ret_options->help || letter == 'h';
        if (letter == '?' || (optarg != NULL && !read_value(ret_options, letter, optarg))) {
            return false;
        }
    }
    if (optind < argc) {
        return refuse("no option has", argv[optind]);
    }
    return !ret_options->has_at || (ret_options->operation != NULL && ret_options->fault != NULL) ||
           refuse("--at needs --operation and --fault:", "of which the place is");
}
