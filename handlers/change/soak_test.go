package change_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rtbot/chat/slack/slacktest"
	"rtbot/gitops/github/githubtest"
	"rtbot/handlers/change"
	"rtbot/journal"
)

var (
	deliveries = flag.Int("deliveries", 300, "how many deliveries the soak makes")
	seed       = flag.Uint64("seed", 0, "what the soak's chances come from; 0 takes another one each time")
)

// mostApps is how many apps the soak's repository has.
const mostApps = 40

// Slack delivers, delivers again, asks for other connections and cuts them, while the process that answers is killed at
// random. Nothing that was acknowledged is lost, and nothing is done twice.
func TestNothingIsLostOrDoneTwice(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("go test ./handlers/change -run %s -deliveries %d -seed %d", t.Name(), *deliveries, *seed)
	s := newSoak(t)
	s.start()
	for i := range *deliveries {
		s.misfortune()
		s.deliver(i)
	}
	t.Logf("%d deliveries in %s, %d of them again; the process was killed %d times", *deliveries, time.Since(s.began).Round(time.Second), s.again, s.kills)
	s.settle()
	s.stop()
	s.judge()
	t.Logf("%d changes, and all was answered after %s", len(s.changes), time.Since(s.began).Round(time.Second))
}

// soak is the outside of a bot that is killed: a Slack and a GitHub that live on.
type soak struct {
	*world
	chance  *rand.Rand
	slack   *slacktest.Server
	process *exec.Cmd
	log     bytes.Buffer
	env     []string
	began   time.Time
	said    []slacktest.Say
	changes []int // the deliveries that ask for a change
	again   int
	kills   int
	open    string // what Slack shows of what is waited for
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t, gitDir: filepath.Join(dir, "forge.git")}
	files := map[string]string{}
	for i := range mostApps {
		files[fmt.Sprintf("k8s/03-apps/app-%d.yaml", i)] = strings.ReplaceAll(gitea, "gitea", fmt.Sprintf("app-%d", i))
	}
	if err := githubtest.Create(t.Context(), w.gitDir, "main", files, time.Now()); err != nil {
		t.Fatal(err)
	}
	server, err := githubtest.New(githubtest.Config{
		GitDir: w.gitDir, Owner: "rt", Name: "forge", Branch: "main", Now: time.Now,
		Tokens: map[string]githubtest.Token{"t": {Login: "rt-bot", Permissions: map[string]string{"contents": "write", "metadata": "read"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{world: w, chance: rand.New(rand.NewPCG(*seed, 1)), slack: slacktest.New(), began: time.Now()}
	s.slack.AddUser(slacktest.User{ID: "U1", Name: "alice"})
	slack, hub := httptest.NewServer(s.slack), httptest.NewServer(server)
	t.Cleanup(hub.Close)
	t.Cleanup(slack.Close)
	t.Cleanup(s.stop)
	s.env = append(os.Environ(), soakDir+"="+dir, soakSlack+"="+slack.URL, soakGitHub+"="+hub.URL)
	w.start = w.git("rev-parse", "main")
	return s
}

// start starts another process that answers.
func (s *soak) start() {
	s.t.Helper()
	s.process = exec.CommandContext(context.WithoutCancel(s.t.Context()), os.Args[0], "-test.run=^TestTheProcessThatIsKilled$")
	s.process.Env, s.process.Stdout, s.process.Stderr = s.env, &s.log, &s.log
	if _, err := s.process.StdinPipe(); err != nil { // it ends when this process does
		s.t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.eventually("it is connected", func() bool { return s.slack.Connections() == 2 })
}

// stop kills the process, as kill -9 does.
func (s *soak) stop() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait() // it says that it was killed
	s.process = nil
	s.eventually("its connections end", func() bool { return s.slack.Connections() == 0 })
}

// misfortune is what may happen before a delivery: in a run of 300, about eight kills.
func (s *soak) misfortune() {
	switch n := s.chance.IntN(1000); {
	case n < 25 && s.kills < 8+*deliveries/100:
		s.kills++
		s.stop()
		s.start()
	case n < 50:
		s.slack.Refresh()
	case n < 60:
		s.slack.CutOff()
	case n < 160 && len(s.said) > 0:
		s.again++
		_ = s.try(s.said[s.chance.IntN(len(s.said))]) // nothing comes of it: it was acknowledged before
	}
}

// deliver delivers one line, again and again until it is acknowledged. Each has a channel of its own, for the limits of Slack.
func (s *soak) deliver(i int) {
	s.t.Helper()
	channel, line := fmt.Sprintf("C%d", i), "help"
	if i%12 == 3 {
		line = fmt.Sprintf("scale app-%d %d", len(s.changes)%mostApps, len(s.changes)%9000+2)
		s.changes = append(s.changes, i)
	}
	s.slack.AddChannel(channel)
	say := s.slack.Command("U1", channel, line)
	s.said = append(s.said, say)
	s.eventually("it is acknowledged", func() bool { return s.try(say) == nil })
	if s.chance.IntN(40) == 0 { // right after the acknowledgement, where most is under way
		s.kills++
		s.stop()
		s.start()
	}
}

func (s *soak) try(say slacktest.Say) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), 3*time.Second)
	defer cancel()
	return s.slack.Deliver(ctx, say)
}

// settle waits until everything is answered in Slack, in one message each.
func (s *soak) settle() {
	s.t.Helper()
	for i := range *deliveries {
		s.eventually(fmt.Sprintf("delivery %d is answered", i), func() bool {
			if s.answered(i) > 0 {
				return true
			}
			s.open = fmt.Sprintf("%+v", s.slack.Messages(fmt.Sprintf("C%d", i)))
			return false
		})
	}
}

// working is how a card begins that is not final.
const working = "…"

// answered counts the messages that give the final answer to a delivery. A message that may be there twice is marked.
func (s *soak) answered(i int) (final int) {
	for _, m := range s.slack.Messages(fmt.Sprintf("C%d", i)) {
		if reads := m.Current().Reads(); !strings.HasPrefix(reads, working) {
			final++
		}
	}
	return final
}

// judge counts what is in the journal, in Slack and in Git.
func (s *soak) judge() {
	s.t.Helper()
	j, err := journal.Open(s.t.Context(), "sqlite:"+filepath.Join(filepath.Dir(s.gitDir), "rt.db"), time.Now)
	if err != nil {
		s.t.Fatal(err)
	}
	defer j.Close()
	if head, err := j.VerifyAudit(s.t.Context(), ""); err != nil {
		s.t.Errorf("the audit breaks behind row %d: %v", head.Rows, err)
	}
	if left, err := j.Unanswered(s.t.Context()); err != nil || len(left) > 0 {
		s.t.Errorf("%d deliveries have no final answer, error %v", len(left), err)
	}
	for i := range *deliveries {
		channel := fmt.Sprintf("C%d", i)
		if kept, err := j.Recent(s.t.Context(), "slack", channel, 10); err != nil || len(kept) != 1 {
			s.t.Errorf("delivery %d is stored %d times, error %v", i, len(kept), err)
		}
		unmarked := 0
		for _, m := range s.slack.Messages(channel) {
			if !strings.Contains(m.Versions[0].Text, "↻") {
				unmarked++
			}
		}
		if unmarked > 1 {
			s.t.Errorf("delivery %d is answered in %d messages that are not marked", i, unmarked)
		}
	}
	s.judgeChanges(j)
}

var trailer = regexp.MustCompile(`(?m)^Rt-Operation: ([0-9a-z]{8})\.`)

// judgeChanges counts the commits of each operation.
func (s *soak) judgeChanges(j *journal.Journal) {
	s.t.Helper()
	commits := map[string]int{}
	for _, m := range trailer.FindAllStringSubmatch(s.git("log", "--format=%B", s.world.start+"..main"), -1) {
		commits[m[1]]++
	}
	ops, err := j.Operations(s.t.Context(), *deliveries)
	if err != nil || len(ops) != len(s.changes) {
		s.t.Errorf("there are %d operations, error %v; want %d", len(ops), err, len(s.changes))
	}
	verified := 0
	for _, op := range ops {
		want := 0
		switch change.Outcome(op.Outcome) {
		case change.Verified:
			want = 1
			verified++
		case change.Failed:
			want = 1
		case change.Already, change.Refused, change.Awaiting, change.Going:
		}
		if commits[op.ID] != want || op.State != journal.Ended {
			s.t.Errorf("%s (%s) is %s, %s, with %d commits", op.ID, op.Request, op.State, op.Outcome, commits[op.ID])
		}
	}
	if len(s.changes) <= mostApps && verified != len(s.changes) { // else a second change of an app may meet the first
		s.t.Errorf("%d of %d changes are verified", verified, len(s.changes))
	}
}

func (s *soak) eventually(what string, holds func() bool) {
	s.t.Helper()
	late := time.NewTimer(5 * time.Minute)
	defer late.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-late.C:
			text, _ := io.ReadAll(&s.log)
			s.t.Fatalf("%s: not within 5m: %.3000s\n%s", what, s.open, text[max(0, len(text)-4000):])
		}
	}
}
