/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/state.h"

#include <check.h>

static SandboxState cell_state(int i) {
        return (SandboxState) (i / _SANDBOX_EVENT_MAX);
}

static SandboxEvent cell_event(int i) {
        return (SandboxEvent) (i % _SANDBOX_EVENT_MAX);
}

START_TEST(every_cell_is_filled_in) {
        const Transition *cell = state_transition(cell_state(_i), cell_event(_i));

        ck_assert_msg(cell->verdict != STATE_UNSET, "%s has no answer to %s",
                      sandbox_state_name(cell_state(_i)), sandbox_event_name(cell_event(_i)));
        ck_assert(cell->next < _SANDBOX_STATE_MAX);
        ck_assert(cell->action < _SANDBOX_ACTION_MAX);
        if (cell->verdict != STATE_GO) {
                ck_assert_int_eq(cell->action, ACTION_NONE);
        } else {
                ck_assert_msg(cell->next != cell_state(_i), "%s goes to itself on %s",
                              sandbox_state_name(cell_state(_i)),
                              sandbox_event_name(cell_event(_i)));
        }
}
END_TEST

/* What an action leads to is the state that waits for it, whichever way it was reached. */
START_TEST(action_and_state_belong_together) {
        static const SandboxAction of_state[_SANDBOX_STATE_MAX] = {
                [SANDBOX_SPAWNING] = ACTION_SPAWN, [SANDBOX_SCOPING] = ACTION_SCOPE,
                [SANDBOX_SETUP] = ACTION_RELEASE,  [SANDBOX_STOPPING] = ACTION_ASK,
                [SANDBOX_KILLING] = ACTION_KILL,   [SANDBOX_CLEANING] = ACTION_CLEAN,
        };
        const Transition *cell = state_transition(cell_state(_i), cell_event(_i));

        if (cell->verdict == STATE_GO) {
                ck_assert_int_eq(cell->action, of_state[cell->next]);
        }
}
END_TEST

static void reach(SandboxState state, bool *seen) {
        if (seen[state]) {
                return;
        }
        seen[state] = true;
        for (unsigned event = 0; event < _SANDBOX_EVENT_MAX; event++) {
                const Transition *cell = state_transition(state, (SandboxEvent) event);

                if (cell->verdict == STATE_GO) {
                        reach(cell->next, seen);
                }
        }
}

START_TEST(every_state_is_reached_and_left) {
        bool from_start[_SANDBOX_STATE_MAX] = {}, back[_SANDBOX_STATE_MAX] = {};

        reach(SANDBOX_INACTIVE, from_start);
        ck_assert_msg(from_start[_i], "%s is never reached", sandbox_state_name((SandboxState) _i));
        reach((SandboxState) _i, back);
        ck_assert_msg(back[SANDBOX_INACTIVE], "%s is never left for good",
                      sandbox_state_name((SandboxState) _i));
}
END_TEST

/* Whatever state a sandbox is in, a stop, its time-outs and the end of the helper bring it to rest.
 */
START_TEST(stop_leads_to_rest) {
        static const SandboxEvent way[] = {SANDBOX_ON_STOP, SANDBOX_ON_LOST,
                                           SANDBOX_ON_ENDED_CLEAN};
        SandboxState state = (SandboxState) _i;

        for (size_t i = 0; i < ELEMENTS(way); i++) {
                const Transition *cell = state_transition(state, way[i]);

                if (cell->verdict == STATE_GO) {
                        state = cell->next;
                }
        }
        ck_assert_msg(state_is_resting(state), "a stop of %s ends in %s",
                      sandbox_state_name((SandboxState) _i), sandbox_state_name(state));
}
END_TEST

/* The gate of the design: the only way to GO leads through the proof that the scope is right. */
START_TEST(only_a_verified_scope_opens_the_gate) {
        const Transition *cell = state_transition(cell_state(_i), cell_event(_i));

        if (cell->verdict == STATE_GO && cell->action == ACTION_RELEASE) {
                ck_assert_int_eq(cell_state(_i), SANDBOX_SCOPING);
                ck_assert_int_eq(cell_event(_i), SANDBOX_ON_SCOPE_READY);
        }
}
END_TEST

/* A kill for want of memory ends what runs, hastens what is being stopped, and nothing else. */
START_TEST(oom_ends_what_runs) {
        const Transition *stop = state_transition((SandboxState) _i, SANDBOX_ON_OOM_STOP),
                         *kill = state_transition((SandboxState) _i, SANDBOX_ON_OOM_KILL);

        if (_i == SANDBOX_RUNNING) {
                ck_assert_int_eq(stop->next, SANDBOX_STOPPING);
                ck_assert_int_eq(stop->action, ACTION_ASK);
        } else {
                ck_assert_int_eq(stop->verdict, STATE_IGNORE);
        }
        if (_i == SANDBOX_RUNNING || _i == SANDBOX_STOPPING) {
                ck_assert_int_eq(kill->next, SANDBOX_KILLING);
                ck_assert_int_eq(kill->action, ACTION_KILL);
        } else {
                ck_assert_int_eq(kill->verdict, STATE_IGNORE);
        }
}
END_TEST

START_TEST(states_have_names_both_ways) {
        SandboxState state = (SandboxState) _i;

        ck_assert_ptr_nonnull(sandbox_state_name(state));
        ck_assert_int_eq(sandbox_state_parse(sandbox_state_name(state)), _i);
        ck_assert_ptr_nonnull(state_active_name(state));
        ck_assert_ptr_nonnull(state_sub_name(state));
        ck_assert_ptr_nonnull(state_awaits(state));
        ck_assert_int_eq(state_is_starting(state) + state_is_stopping(state) +
                                 state_is_resting(state) + (state == SANDBOX_RUNNING) +
                                 (state == SANDBOX_RESTARTING),
                         1);
}
END_TEST

START_TEST(events_have_names_both_ways) {
        ck_assert_ptr_nonnull(sandbox_event_name((SandboxEvent) _i));
        ck_assert_int_eq(sandbox_event_parse(sandbox_event_name((SandboxEvent) _i)), _i);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("states");
        TCase *cells = tcase_create("matrix"), *names = tcase_create("names");
        SRunner *runner;
        int failed;

        tcase_add_loop_test(cells, every_cell_is_filled_in, 0,
                            _SANDBOX_STATE_MAX * _SANDBOX_EVENT_MAX);
        tcase_add_loop_test(cells, action_and_state_belong_together, 0,
                            _SANDBOX_STATE_MAX * _SANDBOX_EVENT_MAX);
        tcase_add_loop_test(cells, only_a_verified_scope_opens_the_gate, 0,
                            _SANDBOX_STATE_MAX * _SANDBOX_EVENT_MAX);
        tcase_add_loop_test(cells, every_state_is_reached_and_left, 0, _SANDBOX_STATE_MAX);
        tcase_add_loop_test(cells, stop_leads_to_rest, 0, _SANDBOX_STATE_MAX);
        tcase_add_loop_test(cells, oom_ends_what_runs, 0, _SANDBOX_STATE_MAX);
        tcase_add_loop_test(names, states_have_names_both_ways, 0, _SANDBOX_STATE_MAX);
        tcase_add_loop_test(names, events_have_names_both_ways, 0, _SANDBOX_EVENT_MAX);
        suite_add_tcase(suite, cells);
        suite_add_tcase(suite, names);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
