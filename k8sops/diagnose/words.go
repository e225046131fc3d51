package diagnose

// Words are what a manifest has in the line to change, those that fit best first. A value in braces is one of the
// finding's own.
func (f *Finding) Words() []string {
	var words []string
	for _, word := range manifestWords[f.Reason] {
		if value, named := valueName(word); named {
			word = f.With[value]
		}
		words = append(words, word)
	}
	return words
}

// valueName reads the name out of {Image}.
func valueName(word string) (string, bool) {
	if len(word) < 3 || word[0] != '{' {
		return "", false
	}
	return word[1 : len(word)-1], true
}

// manifestWords are looked for in the app's manifest. A root cause that is not here is not mended by the app's file.
var manifestWords = map[Reason][]string{
	MissingTag: {"{Image}", "image:"}, MissingRepository: {"{Image}", "image:"}, WrongPlatform: {"{Image}", "image:"},
	BadImageName: {"{Image}", "image:"}, UnsupportedImage: {"{Image}", "image:"}, CrashLoop: {"{Image}", "image:"},
	BadRollout: {"{Image}", "image:"}, NoEntry: {"{Image}", "image:"}, NeverPulled: {"imagePullPolicy:", "{Image}"},
	OutOfMemory: {"limits:", "memory:", "resources:"}, FailingProbe: {"Probe:"},
	UnschedulableCPU: {"requests:", "resources:"}, UnschedulableMemory: {"requests:", "resources:"},
	UnschedulableResource: {"requests:", "resources:"}, OverQuota: {"requests:", "resources:"}, Evicted: {"requests:", "resources:"},
	UnschedulableTaint: {"tolerations:"}, UnschedulableAffinity: {"nodeSelector:", "affinity:"},
	UnboundVolume: {"{Claim}", "claimName:"}, VolumeMount: {"claimName:", "volumes:"},
	MissingConfigMap: {"{Object}"}, MissingSecret: {"{Object}"}, MissingKey: {"{Key}", "{Object}"},
	InitFailure: {"initContainers:"},
}
