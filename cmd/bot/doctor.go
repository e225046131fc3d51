package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"rtbot/cmd/bot/config"
)

type doctorCommand struct {
	Config string `help:"The configuration." placeholder:"FILE" required:"" type:"path"`
}

// Run checks every dependency and every right and prints a line for each. It changes nothing, and it can run beside a
// serving bot.
func (c doctorCommand) Run(ctx context.Context, p program) error {
	conf, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	outside, err := dial(conf, p.getenv, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	d := &diagnosis{out: p.out}
	d.good("configuration", "%s is right", c.Config)
	d.people(conf)
	d.slack(ctx, conf, p.getenv)
	d.matrix(ctx, conf, p.getenv)
	d.github(ctx, outside)
	d.workflow(ctx, outside)
	d.argocd(ctx, conf, outside)
	d.cluster(ctx, conf, outside)
	if d.wrong > 0 {
		fmt.Fprintf(p.out, "%d of %d checks are wrong\n", d.wrong, d.done)
		return errFailed
	}
	fmt.Fprintf(p.out, "all %d checks are right\n", d.done)
	return nil
}

// diagnosis prints what was found, a line each.
type diagnosis struct {
	out   io.Writer
	done  int
	wrong int
}

func (d *diagnosis) good(what, format string, args ...any) {
	d.done++
	fmt.Fprintf(d.out, "ok     %-14s %s\n", what, fmt.Sprintf(format, args...))
}

func (d *diagnosis) bad(what, format string, args ...any) {
	d.done++
	d.wrong++
	fmt.Fprintf(d.out, "wrong  %-14s %s\n", what, fmt.Sprintf(format, args...))
}

// verdict is good where nothing is listed, and names each thing that is.
func (d *diagnosis) verdict(what, fine, trouble string, found []string) {
	if len(found) == 0 {
		d.good(what, "%s", fine)
		return
	}
	d.bad(what, "%s: %s", trouble, strings.Join(found, "; "))
}

func (d *diagnosis) people(conf config.Config) {
	admins := slices.DeleteFunc(slices.Clone(conf.People), func(p config.Person) bool { return p.Role != "admin" })
	if len(admins) < 2 {
		d.good("people", "%d people, one of them an admin, who confirms alone what is dangerous", len(conf.People))
		return
	}
	d.good("people", "%d people, %d of them admins", len(conf.People), len(admins))
}

func (d *diagnosis) github(ctx context.Context, c clients) {
	access, err := c.github.Check(ctx)
	if err != nil {
		d.bad("github", "%v", err)
		return
	}
	d.good("github", "the branch is readable, at %.8s", access.Head)
	var trouble []string
	for what, is := range map[string]bool{
		"the token may not write contents": !access.Push, "the repository is archived": access.Archived,
		"the branch takes changes only by pull request": access.PullRequests,
	} {
		if is {
			trouble = append(trouble, what)
		}
	}
	slices.Sort(trouble)
	d.verdict("github", "the bot may commit", "the bot cannot commit", trouble)
	if access.Admin {
		d.bad("github", "the token is an administrator's: too much is allowed")
	}
}

func (d *diagnosis) workflow(ctx context.Context, c clients) {
	if c.workflow == nil {
		return
	}
	job, err := c.workflow.NewestJob(ctx, c.renews.File, c.renews.Job)
	if err != nil {
		d.bad("workflow", "%v", err)
		return
	}
	d.good("workflow", "the job %s is in the newest run of %s, at attempt %d", job.Name, c.renews.File, job.Attempt)
}

func (d *diagnosis) argocd(ctx context.Context, conf config.Config, c clients) {
	access, err := c.argo.Check(ctx)
	if err != nil {
		d.bad("argocd", "%v", err)
		return
	}
	d.good("argocd", "%s answers as %s", conf.ArgoCD.Server, access.Version)
	d.verdict("argocd", "every Application is visible", "Applications that the bot does not see", access.Unseen)
	d.verdict("argocd", "no right is too much", "too much is allowed", access.TooMany)
}

func (d *diagnosis) cluster(ctx context.Context, conf config.Config, c clients) {
	access, err := c.cluster.Check(ctx)
	if err != nil {
		d.bad("cluster", "%v", err)
		return
	}
	d.good("cluster", "the API server answers as %s", access.Version)
	d.verdict("cluster", "every needed right is there in "+strings.Join(conf.Kubernetes.Namespaces, ", "), "rights are missing", access.Missing)
	d.verdict("cluster", "no right is too much", "too much is allowed", access.TooMany)
}
