#include "harness/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"
#include "harness/observation.h"
#include "harness/reports.h"
#include "harness/stacks.h"
#include "harness/starvation.h"

enum {
    output_max = 64 << 20,   /* more than any sample's JSON; a child that writes more is broken */
    complaint_max = 1 << 20, /* some hundred reports of a sanitizer */
    poll_ms = 50,
    ending_ms = 1, /* between the end of its pipes and its own */
};

/* ---- the child's side ---- */

int mill_child_main(const struct mill_scenario_list *list)
{
    struct mill_sample_spec spec;
    struct mill_error error;
    json_error_t wrong;
    json_t *sample = NULL;

    /* A measurement must not outlive who asked for it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int answer = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (answer < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        return 3;
    }
    json_t *asked = json_loadf(stdin, 0, &wrong);
    int status = asked
                     ? mill_sample_spec_decode(&spec, asked, list, &error)
                     : mill_error_set(&error, -EINVAL, "no specification on standard input: %s", wrong.text);
    if (status == 0) {
        status = mill_sample_run(&spec, &sample, &error);
    }
    if (status == 0) {
        status = json_dumpfd(sample, answer, JSON_COMPACT);
    } else {
        fprintf(stderr, "threadmill sample: %s\n", error.message);
    }
    json_decref(sample);
    json_decref(asked);
    return status == 0 ? 0 : 3;
}

/* ---- the parent's side ---- */

struct child {
    pid_t pid;
    int input;  /* the specification goes in here */
    int output; /* -1 once at its end */
    int complaints;
    struct mill_text answer;
    struct mill_text complaint;
    bool complaint_cut;
    char *stacks; /* of a hung child */
};

static void close_once(int *descriptor)
{
    if (*descriptor >= 0) {
        close(*descriptor);
        *descriptor = -1;
    }
}

static int start(struct child *child, const struct mill_launch *launch)
{
    int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    int status = 0;
    for (int i = 0; i < 3; i++) {
        if (pipe2(pipes[i], O_CLOEXEC) < 0) {
            status = -errno;
            goto out;
        }
    }
    const int streams[3] = {pipes[0][0], pipes[1][1], pipes[2][1]};
    status = mill_launch_start(launch, streams, &child->pid);
    if (status == 0) {
        child->input = pipes[0][1];
        child->output = pipes[1][0];
        child->complaints = pipes[2][0];
        pipes[0][1] = pipes[1][0] = pipes[2][0] = -1;
    }
out:
    for (int i = 0; i < 3; i++) {
        close_once(&pipes[i][0]);
        close_once(&pipes[i][1]);
    }
    return status;
}

/* A child that is gone before it read is seen by its missing answer. */
static void tell(struct child *child, const struct mill_sample_spec *spec)
{
    json_t *json = mill_sample_spec_encode(spec);
    if (json) {
        json_dumpfd(json, child->input, JSON_COMPACT);
        json_decref(json);
    }
    close_once(&child->input);
}

/* Moves what is there into `text`; what goes beyond `limit` is read and dropped, and *cut says so. */
static void drain(int *descriptor, struct mill_text *text, size_t limit, bool *cut)
{
    char buffer[16384];
    ssize_t got = read(*descriptor, buffer, sizeof buffer);
    if (got > 0) {
        size_t room = text->length < limit ? limit - text->length : 0;
        size_t keep = (size_t)got < room ? (size_t)got : room;
        mill_text_add(text, "%.*s", (int)keep, buffer);
        *cut = *cut || keep < (size_t)got;
    } else if (got == 0 || errno != EINTR) {
        close_once(descriptor);
    }
}

enum watch {
    watch_ended,
    watch_late,
    watch_interrupted,
};

/* It stays a zombie, to be waited for. */
static bool has_ended(pid_t pid)
{
    siginfo_t ended = {0};
    return waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == pid;
}

/* Until the child has ended, which it need not have when it closes its pipes.
 *
 * Time in which this process itself was kept from looking does not count: whatever held it up, held the child
 * up. */
static enum watch watch(struct child *child, const struct mill_child_options *options, uint64_t allowed_ns)
{
    const uint64_t look_ns = 2 * poll_ms * MILL_NS_PER_MS;
    bool answer_cut = false;
    uint64_t waited_ns = 0;
    uint64_t last_ns = mill_now_ns();
    while (child->output >= 0 || child->complaints >= 0 || !has_ended(child->pid)) {
        bool any = child->output >= 0 || child->complaints >= 0;
        struct pollfd from[2] = {{.fd = child->output, .events = POLLIN},
                                 {.fd = child->complaints, .events = POLLIN}};
        int ready = poll(from, 2, any ? poll_ms : ending_ms);
        if (options->interrupted && options->interrupted(options->context)) {
            return watch_interrupted;
        }
        uint64_t now_ns = mill_now_ns();
        waited_ns += now_ns - last_ns < look_ns ? now_ns - last_ns : look_ns;
        last_ns = now_ns;
        if (waited_ns > allowed_ns) {
            return watch_late;
        }
        if (ready > 0 && from[0].revents) {
            drain(&child->output, &child->answer, output_max, &answer_cut);
        }
        if (ready > 0 && from[1].revents) {
            drain(&child->complaints, &child->complaint, complaint_max, &child->complaint_cut);
        }
    }
    return watch_ended;
}

static json_t *bad_sample(const char *status, const char *reason)
{
    return json_pack("{s:s, s:s}", "status", status, "reason", reason);
}

/* What the sanitizers reported, in a line: the first report's kind and place. Returns the findings that they
 * are, of enum mill_finding. */
static unsigned sanitizer_headline(enum mill_tool tool, const struct mill_text *complaint, char *line,
                                   size_t size)
{
    unsigned findings = MILL_NO_FINDING;
    json_t *reports = mill_reports_parse(tool, complaint->length > 0 ? complaint->text : "");
    size_t index;
    json_t *report;
    snprintf(line, size, "the sanitizer ended the child without a report");
    json_array_foreach(reports, index, report)
    {
        if (index == 0) {
            mill_report_line(report, line, size);
        }
        findings |= (unsigned)mill_report_finding(report);
    }
    json_decref(reports);
    return findings;
}

/* Beside those of the sample's own check. */
static void add_findings(json_t *sample, unsigned found)
{
    json_t *findings = json_object_get(sample, "findings");
    if (!json_is_array(findings)) {
        findings = json_array();
        json_object_set_new(sample, "findings", findings);
    }
    json_t *more = mill_findings_encode(found);
    json_array_extend(findings, more);
    json_decref(more);
}

/* The child's own answer, when it gave one, with the sanitizer's finding laid over it. */
static json_t *judge_exit(const struct child *child, enum mill_tool tool, int code)
{
    char reason[256];
    json_error_t wrong;
    json_t *sample = child->answer.length > 0 ? json_loads(child->answer.text, 0, &wrong) : NULL;
    if (code == MILL_CHILD_SANITIZER_EXIT) {
        unsigned found = sanitizer_headline(tool, &child->complaint, reason, sizeof reason);
        if (!sample) {
            sample = json_object();
        }
        json_object_set_new(sample, "status", json_string("sanitizer"));
        json_object_set_new(sample, "reason", json_string(reason));
        add_findings(sample, found);
        return sample;
    }
    if (code == 0 && json_is_object(sample) && json_is_string(json_object_get(sample, "status"))) {
        return sample;
    }
    json_decref(sample);
    snprintf(reason, sizeof reason,
             code == 0 ? "the child ended without an answer" : "the child ended with exit code %d", code);
    return bad_sample(code == 0 ? "failed" : "crashed", reason);
}

static json_t *judge(const struct child *child, enum mill_tool tool, int wait_status)
{
    char reason[128];
    if (WIFEXITED(wait_status)) {
        return judge_exit(child, tool, WEXITSTATUS(wait_status));
    }
    int signal = WTERMSIG(wait_status);
    bool from_outside = signal == SIGKILL || signal == SIGTERM || signal == SIGINT || signal == SIGHUP;
    snprintf(reason, sizeof reason, "the child was ended by SIG%s (%s)", sigabbrev_np(signal),
             sigdescr_np(signal));
    return bad_sample(from_outside ? "killed" : "crashed", reason);
}

/* A child that was not given its processors is the machine's fault: the sample is taken again like any other
 * that did not have them. */
static json_t *late_sample(uint64_t allowed_ns, bool starved, uint64_t cpu_ns)
{
    char reason[160];
    double allowed_s = (double)allowed_ns / (double)MILL_NS_PER_S;
    if (starved) {
        snprintf(reason, sizeof reason, "it was ready to run, and was given a processor for %.2f s of %.1f s",
                 (double)cpu_ns / (double)MILL_NS_PER_S, allowed_s);
    } else {
        snprintf(reason, sizeof reason, "no end after %.1f s: the watchdog ended it", allowed_s);
    }
    return bad_sample(starved ? "rejected" : "hung", reason);
}

static void add_evidence(json_t *sample, const struct child *child)
{
    if (child->complaint.length > 0) {
        /* What a broken program prints need not be text. */
        json_t *text = json_stringn(child->complaint.text, child->complaint.length);
        json_object_set_new(sample, "stderr", text ? text : json_string("(not UTF-8)"));
        json_object_set_new(sample, "stderr_cut", json_boolean(child->complaint_cut));
    }
    if (child->stacks) {
        json_object_set_new(sample, "stacks", json_string(child->stacks));
    }
}

int mill_child_run(const struct mill_child_options *options, const struct mill_sample_spec *spec,
                   json_t **sample, struct mill_error *error)
{
    struct child child = {.pid = -1, .input = -1, .output = -1, .complaints = -1};
    int wait_status = 0;
    *sample = NULL;
    int status = start(&child, options->launch);
    if (status < 0) {
        return mill_error_set(error, status, "cannot start a process for a sample: %s", strerror(-status));
    }
    tell(&child, spec);
    uint64_t allowed_ns = spec->warmup_ns + spec->window_ns + 2 * spec->calibration_ns + options->grace_ns;
    if (spec->rate > 0) {
        allowed_ns += spec->window_ns; /* an open loop may work off its backlog */
    }
    uint64_t cpu_ns = 0;
    enum watch end = watch(&child, options, allowed_ns);
    bool starved = end == watch_late && mill_process_starved(child.pid, allowed_ns, &cpu_ns);
    if (end == watch_late && !starved) {
        child.stacks = mill_stacks_of(child.pid, options->interrupted, options->context);
    }
    if (end != watch_ended) {
        kill(-child.pid, SIGKILL); /* the whole group: what the scenario started, too */
    }
    while (waitpid(child.pid, &wait_status, 0) < 0 && errno == EINTR) {
    }
    if (end == watch_interrupted) {
        status = -EINTR;
        goto out;
    }
    enum mill_tool tool = options->launch ? options->launch->tool : MILL_NO_TOOL;
    *sample = end == watch_late ? late_sample(allowed_ns, starved, cpu_ns) : judge(&child, tool, wait_status);
    if (*sample) {
        add_evidence(*sample, &child);
    } else {
        status = mill_error_set(error, -ENOMEM, "no memory to keep a sample");
    }
out:
    close_once(&child.output);
    close_once(&child.complaints);
    mill_text_free(&child.answer);
    mill_text_free(&child.complaint);
    free(child.stacks);
    return status;
}
