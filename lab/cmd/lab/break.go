package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"rtbot/lab"
	"rtbot/lab/scenario"
)

// breakIt is the command that makes a way to fail.
type breakIt struct {
	Name string `arg:"" optional:"" help:"The scenario."`
	Dir  string `placeholder:"DIR" help:"The folder of the lab."`
	List bool   `help:"List the scenarios, with what is to be found out about each."`
	JSON bool   `name:"json" help:"The list as JSON."`
}

// Run breaks the lab and says which app does not run any more.
func (b breakIt) Run(ctx context.Context) error {
	if b.List {
		return b.list()
	}
	if b.Name == "" || b.Dir == "" {
		return errors.New("break wants a scenario and --dir, or --list")
	}
	done, err := lab.Break(ctx, b.Dir, b.Name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stdout, "app=%s\n", done.App)
	return err
}

func (b breakIt) list() error {
	all := scenario.All()
	if b.JSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", " ")
		return e.Encode(all)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tAPP\tCODE\tREASON\tWHY")
	for _, s := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", s.Name, s.App, s.Code, s.Reason, s.Why)
	}
	return table.Flush()
}

// mendIt is the command that undoes a way to fail.
type mendIt struct {
	Name string `arg:"" help:"The scenario."`
	Dir  string `required:"" placeholder:"DIR" help:"The folder of the lab."`
}

// Run mends the lab and says which app runs again.
func (m mendIt) Run(ctx context.Context) error {
	done, err := lab.Mend(ctx, m.Dir, m.Name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stdout, "app=%s\n", done.App)
	return err
}
