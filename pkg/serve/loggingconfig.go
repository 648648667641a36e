package serve

import (
	"encoding/json"
	"fmt"
	"os"
)

// knativeLogging is K_LOGGING_CONFIG, by which Knative's sources tell their programs what
// its ConfigMap config-logging says: JSON, of which one member is JSON again. See
// https://pkg.go.dev/knative.dev/pkg/logging, ConfigToJSON.
const knativeLogging = "K_LOGGING_CONFIG"

// levelFromKnative sets LOG_LEVEL, unless it is set, to what K_LOGGING_CONFIG says for the
// program, or else for all.
func levelFromKnative(program string) error {
	text := os.Getenv(knativeLogging)
	if _, set := os.LookupEnv("LOG_LEVEL"); set || text == "" {
		return nil
	}
	var config map[string]string
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		return fmt.Errorf(`%s: no JSON object whose members are all strings, such as {"loglevel.%s":"info"}: correct it, or set LOG_LEVEL`, knativeLogging, program)
	}
	level := config["loglevel."+program]
	if all := config["zap-logger-config"]; level == "" && all != "" {
		var zap struct{ Level string }
		if err := json.Unmarshal([]byte(all), &zap); err != nil {
			return fmt.Errorf(`%s: zap-logger-config: no JSON object such as {"level":"info"}: correct it, or set LOG_LEVEL`, knativeLogging)
		}
		level = zap.Level
	}
	switch level {
	case "":
		return nil
	case "dpanic", "panic", "fatal": // zap's, above error
		level = "error"
	}
	return os.Setenv("LOG_LEVEL", level)
}
